import type { Transition } from 'resilient-circuit'
import type { CircuitStorage } from 'resilient-circuit/storage'
import type { Instance } from './fleet.ts'
import { paint, print, seconds } from './paper.ts'
import type { Answer, Visit } from './traffic.ts'
import type { Upstream } from './upstream.ts'

const MARK: Readonly<Record<Answer, string>> = {
  paid: paint('green', '+'),
  failed: paint('red', 'x'),
  rejected: paint('yellow', '-'),
  lost: paint('red', '?'),
}
const COLUMN = 13

const CAUSES: Readonly<Record<string, string>> = {
  failure_limit: '3 of the last 5 payments failed',
  cooldown_over: 'the cooldown is over, at most 2 probes may go out',
  probes_failed: 'a probe failed',
  probes_succeeded: '2 of 2 probes succeeded',
}
const COLOUR = { CLOSED: 'green', OPEN: 'red', HALF_OPEN: 'yellow' } as const

/** What happened to the breaker and to its callers, told as it happens. */
export interface Timeline {
  /** The breaker's transitions so far, oldest first, from the storage's audit log. */
  readonly transitions: readonly Transition[]
  /** A line of its own, at this moment. */
  note(text: string): void
  stop(): Promise<void>
}

interface Scene {
  readonly instances: readonly Instance[]
  readonly upstream: Upstream
  readonly visits: readonly Visit[]
  readonly storage: CircuitStorage
  /** How often a row is printed, in milliseconds; 0: only what happens to the breaker. */
  readonly rowEveryMs: number
}

export function startTimeline({
  instances,
  upstream,
  visits,
  storage,
  rowEveryMs,
}: Scene): Timeline {
  const start = Date.now()
  const transitions: Transition[] = []
  let told = { visits: 0, hits: 0, at: start }

  const time = (at: number) => paint('dim', seconds(at - start).padStart(8))
  const note = (text: string, at = Date.now()) => print(`${time(at)}   ${text}`)

  /** What customers got since the last row and before `at`. */
  const row = (at: number) => {
    const fresh = before(visits, at).slice(told.visits)
    const hits = before(upstream.hits, at).slice(told.hits)
    told = { visits: told.visits + fresh.length, hits: told.hits + hits.length, at }
    const cells = instances.map(({ name }) => {
      const answers = fresh.filter((visit) => visit.instance === name).map((visit) => visit.answer)
      return (
        answers.map((answer) => MARK[answer]).join('') +
        ' '.repeat(Math.max(1, COLUMN - answers.length))
      )
    })
    const dead = hits.filter((hit) => hit.dead).length
    const calls =
      hits.length === 0
        ? paint('dim', 'no call')
        : `${hits.length} call${hits.length === 1 ? '' : 's'}`
    note(
      cells.join('') + calls + (dead > 0 ? paint('red', `, ${dead} to the dead upstream`) : ''),
      at,
    )
  }

  const look = async () => {
    const { items } = await storage.history({ limit: 100 })
    for (const line of items.slice(0, items.length - transitions.length).reverse()) {
      // What led to it comes before it.
      if (rowEveryMs > 0 && before(visits, line.at).length > told.visits) row(line.at)
      transitions.push(line)
      const to = paint(['bold', COLOUR[line.to]], line.to)
      note(
        `the breaker is ${to} for all: ${CAUSES[line.cause] ?? line.reason ?? line.cause}`,
        line.at,
      )
    }
    if (rowEveryMs > 0 && Date.now() - told.at >= rowEveryMs) row(Date.now())
  }

  if (rowEveryMs > 0) {
    print(
      `${' '.repeat(11)}${instances.map(({ name }) => paint('bold', name.padEnd(COLUMN))).join('')}${paint('bold', 'upstream')}`,
    )
  }
  let stopped = false
  const looking = (async () => {
    while (!stopped) {
      await look()
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await look()
  })()
  return {
    transitions,
    note: (text) => note(text),
    async stop() {
      stopped = true
      await looking
    },
  }
}

/** Those of a list in the order of time that are older than `at`. */
function before<T extends { readonly at: number }>(list: readonly T[], at: number): readonly T[] {
  const end = list.findIndex((each) => each.at >= at)
  return end === -1 ? list : list.slice(0, end)
}
