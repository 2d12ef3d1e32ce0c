import { setTimeout as sleep } from 'node:timers/promises'
import { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import { fraction } from '../../src/core/limits.ts'
import type { LocalNeon } from '../../src/local/index.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import type { Table } from '../support/result.ts'
import { median } from '../support/turns.ts'
import { CountingProxy } from '../wire/counting-proxy.ts'
import { Isolates } from './workerd.ts'
import { NEON, NEON_FETCH, RESOURCE_KEY } from './workers.ts'

/** Long enough for what goes on behind a response. */
const BEHIND_MS = 200
const ROWS = { 'a full window of successes': 10, 'an empty window': 0 } as const
const CALLS = ['first', 'second'] as const

interface Visit {
  readonly row: string
  readonly worker: string
  readonly call: string
  readonly ms: number
  /** Requests to the storage that the response waited for, and those that went on behind it. */
  readonly waitedFor: number
  readonly behind: number
  readonly bytes: number
}

/** What the first call through a breaker costs an isolate that has evaluated its Worker: requests to the storage, and time. */
export async function firstCalls(
  workers: Readonly<Record<string, string>>,
  neon: LocalNeon,
  quick: boolean,
): Promise<Table> {
  const { hostname, port } = new URL(neon.fetchEndpoint)
  const proxy = await CountingProxy.start({ host: hostname, port: Number(port) })
  const isolates = await Isolates.start(workers, {
    DATABASE_URL: neon.databaseUrl,
    NEON_FETCH_ENDPOINT: `http://127.0.0.1:${proxy.port}/sql`,
  })
  const breaker = new CircuitProtectorPolicy({
    resourceKey: RESOURCE_KEY,
    storage: neonStorage(neon.databaseUrl, { fetchEndpoint: neon.fetchEndpoint }),
    failureLimit: fraction(5, 10),
    consistency: 'strong',
  })
  const visits: Visit[] = []
  try {
    for (let round = 0; round < (quick ? 1 : 5); round++) {
      for (const [row, successes] of Object.entries(ROWS)) {
        for (const worker of round % 2 === 0 ? [NEON_FETCH, NEON] : [NEON, NEON_FETCH]) {
          await breaker.reset()
          for (let i = 0; i < successes; i++) await breaker.execute(() => {})
          const isolate = isolates.fresh(worker)
          await isolate.get('/')
          for (const call of CALLS)
            visits.push({ row, worker, call, ...(await visit(() => isolate.get('/pay'), proxy)) })
        }
      }
    }
  } finally {
    await breaker.dispose()
    await isolates.close()
    await proxy.close()
  }
  return tableOf(visits)
}

async function visit(
  get: () => Promise<number>,
  proxy: CountingProxy,
): Promise<Omit<Visit, 'row' | 'worker' | 'call'>> {
  const before = proxy.tally
  const ms = await get()
  const answered = proxy.tally
  await sleep(BEHIND_MS)
  const after = proxy.tally
  const requests = (from: typeof before, to: typeof before) =>
    to.roundTrips - to.connections - (from.roundTrips - from.connections)
  return {
    ms,
    waitedFor: requests(before, answered),
    behind: requests(answered, after),
    bytes: after.bytes - before.bytes,
  }
}

function tableOf(visits: readonly Visit[]): Table {
  const rows = Object.keys(ROWS).flatMap((row) =>
    [NEON_FETCH, NEON].flatMap((worker) =>
      CALLS.map((call) => {
        const rounds = visits.filter(
          (each) => each.row === row && each.worker === worker && each.call === call,
        )
        const middle = (of: (visit: Visit) => number) => median(rounds.map(of))
        return [
          row,
          worker,
          call,
          middle((each) => each.waitedFor),
          middle((each) => each.behind),
          middle((each) => each.bytes),
          middle((each) => each.ms),
        ]
      }),
    ),
  )
  return {
    title:
      'The first call through the breaker in an isolate that has evaluated its Worker: requests to the storage, their bytes both ways, ' +
      'and milliseconds until the response, on loopback; medians',
    columns: [
      'the row has',
      'Worker',
      'call',
      'requests waited for',
      'requests behind it',
      'bytes',
      'ms',
    ],
    rows,
    samples: visits,
  }
}
