import type { Table } from '../support/result.ts'
import { compare, median, type Samples, takeTurns } from '../support/turns.ts'
import { Isolates, processStart } from './workerd.ts'
import { BASELINE } from './workers.ts'

/** How many fresh isolates make one round of a contender. */
const ISOLATES = 5

export interface ColdStarts {
  readonly table: Table
  /** Milliseconds to a fresh isolate's first response, by Worker. */
  readonly isolates: Samples
}

/** How long until a Worker first answers, on a route that is behind no breaker. */
export async function coldStarts(
  workers: Readonly<Record<string, string>>,
  quick: boolean,
): Promise<ColdStarts> {
  const isolates = await inIsolates(workers, quick ? 1 : 15)
  const processes = await takeTurns(
    each(workers, (_, script) => processStart(script)),
    quick ? 1 : 5,
  )
  const rows = [
    ['a fresh isolate in a running workerd', isolates],
    ['a fresh workerd, its process included', processes],
  ] as const
  return {
    isolates,
    table: {
      title: `Cold start: milliseconds to the first response of a route without a breaker, here, on loopback; median of the rounds (of an isolate's, each the median of ${ISOLATES})`,
      columns: ['what starts', 'Worker', 'ms', `ms more than ${BASELINE} (low to high)`],
      rows: rows.flatMap(([what, samples]) =>
        compare(samples, BASELINE).map(({ name, median: ms }) => [
          what,
          name,
          ms,
          more(samples[name]!, samples[BASELINE]!),
        ]),
      ),
      samples: { isolates, processes },
    },
  }
}

async function inIsolates(
  workers: Readonly<Record<string, string>>,
  rounds: number,
): Promise<Samples> {
  const loader = await Isolates.start(workers, {})
  const first = async (name: string): Promise<number> => {
    const times: number[] = []
    for (let i = 0; i < ISOLATES; i++) times.push(await loader.fresh(name).get('/'))
    return median(times)
  }
  try {
    // The loader's own first requests are slow ones.
    for (const name of Object.keys(workers)) await first(name)
    return await takeTurns(each(workers, first), rounds)
  } finally {
    await loader.close()
  }
}

function each(
  workers: Readonly<Record<string, string>>,
  measure: (name: string, script: string) => Promise<number>,
): Readonly<Record<string, () => Promise<number>>> {
  return Object.fromEntries(
    Object.entries(workers).map(([name, script]) => [name, () => measure(name, script)]),
  )
}

function more(values: readonly number[], base: readonly number[]): string {
  const differences = values.map((value, round) => value - base[round]!)
  const shown = (ms: number) => ms.toFixed(1)
  return `${shown(median(differences))} (${shown(Math.min(...differences))} to ${shown(Math.max(...differences))})`
}
