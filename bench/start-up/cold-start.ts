import type { Table } from '../support/result.ts'
import { compare, median, type Samples, takeTurns } from '../support/turns.ts'
import { COMPATIBILITY_DATE, startWorkerd } from '../support/workerd.ts'
import { BASELINE } from '../support/workers.ts'

/** How many fresh isolates make one round of a contender. */
const ISOLATES = 5

/** Loads a Worker into an isolate of its own when that is first named. */
const LOADER = `export default {
  fetch(request, { LOADER, WORKERS }) {
    const { worker, isolate } = Object.fromEntries(new URL(request.url).searchParams)
    const modules = { 'worker.js': WORKERS[worker] }
    const code = () => ({ compatibilityDate: '${COMPATIBILITY_DATE}', mainModule: 'worker.js', modules })
    return LOADER.get(isolate, code).getEntrypoint().fetch('http://worker/')
  }
}`

/**
 * Milliseconds to a fresh isolate's first response, by Worker, on a route that is behind no breaker. One workerd loads all of
 * them: all that differs from one isolate to the next is the Worker.
 */
export async function coldStarts(
  workers: Readonly<Record<string, string>>,
  quick: boolean,
): Promise<Samples> {
  await using loader = await startWorkerd(LOADER, {
    workerLoaders: { LOADER: {} },
    bindings: { WORKERS: workers },
  })
  let made = 0
  const once = async (worker: string): Promise<number> => {
    const url = new URL(loader.url)
    url.search = new URLSearchParams({ worker, isolate: String(++made) }).toString()
    const started = performance.now()
    const response = await fetch(url)
    const body = await response.text()
    if (!response.ok) throw new Error(`${worker} answered ${response.status}: ${body}`)
    return performance.now() - started
  }
  const some = async (worker: string): Promise<number> => {
    const times: number[] = []
    for (let i = 0; i < ISOLATES; i++) times.push(await once(worker))
    return median(times)
  }
  const turns = Object.fromEntries(Object.keys(workers).map((name) => [name, () => some(name)]))
  // The loader's own first requests are slow ones.
  await takeTurns(turns, 1)
  return await takeTurns(turns, quick ? 1 : 15)
}

export function coldStartTable(isolates: Samples): Table {
  return {
    title:
      'Cold start: milliseconds to the first response of a route without a breaker in a fresh isolate of a running workerd, here, on ' +
      `loopback; median of the rounds, each the median of ${ISOLATES}`,
    columns: ['Worker', 'ms', `ms more than ${BASELINE} (low to high)`],
    rows: compare(isolates, BASELINE).map(({ name, median: ms }) => [
      name,
      ms,
      more(isolates[name]!, isolates[BASELINE]!),
    ]),
    samples: isolates,
  }
}

function more(values: readonly number[], base: readonly number[]): string {
  const differences = values.map((value, round) => value - base[round]!)
  const shown = (ms: number) => ms.toFixed(1)
  return `${shown(median(differences))} (${shown(Math.min(...differences))} to ${shown(Math.max(...differences))})`
}
