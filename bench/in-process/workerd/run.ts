import { bars } from '../../support/picture.ts'
import type { Table } from '../../support/result.ts'
import { compare, type Samples, type Standing, takeTurns } from '../../support/turns.ts'
import { spread } from '../spread.ts'
import { load } from './load.ts'
import { workerdTime } from './processor-time.ts'
import { openStand } from './stand.ts'

const CONNECTIONS = 24

/** By worker: what it is. */
const CONTENDERS = {
  bare: 'a fetch handler without Hono',
  hono: 'Hono, no middleware',
  empty: 'Hono, a middleware that does nothing',
  breaker: 'Hono, circuitBreaker, closed',
} as const

type Worker = keyof typeof CONTENDERS
const WORKERS = Object.keys(CONTENDERS) as Worker[]

export interface Traffic {
  /** Requests answered in a second, by worker. */
  readonly rates: Samples
  /** Microseconds of workerd's processor time for a request, by worker; NaN where the system does not tell. */
  readonly times: Samples
  /** To the storage, per 1,000 requests. */
  readonly storageRequests: number
}

export async function measureTraffic(quick: boolean): Promise<Traffic> {
  const { rounds, turnMs } = quick ? { rounds: 1, turnMs: 300 } : { rounds: 40, turnMs: 400 }
  const stand = await openStand(WORKERS)
  try {
    const times: Record<Worker, number[]> = { bare: [], hono: [], empty: [], breaker: [] }
    const breaker = { requests: 0, storage: 0 }
    const turn = (worker: Worker) => async () => {
      const [storage, time] = [stand.storageRequests(), await workerdTime()]
      const { requests, perSecond } = await load(stand.urls.get(worker)!, CONNECTIONS, turnMs)
      times[worker].push(
        ((((await workerdTime()) ?? Number.NaN) - (time ?? Number.NaN)) * 1_000) / requests,
      )
      if (worker === 'breaker') {
        breaker.requests += requests
        breaker.storage += stand.storageRequests() - storage
      }
      return perSecond
    }
    const turns = Object.fromEntries(WORKERS.map((worker) => [worker, turn(worker)]))
    // The first round is for the compiler.
    await takeTurns(turns, 1)
    for (const worker of WORKERS) times[worker] = []
    const rates = await takeTurns(turns, rounds)
    return { rates, times, storageRequests: (breaker.storage * 1_000) / breaker.requests }
  } finally {
    await stand.close()
  }
}

/** Against Hono without middleware. */
export function trafficStandings(samples: Samples): Readonly<Record<Worker, Standing>> {
  return Object.fromEntries(
    compare(samples, 'hono').map((standing) => [standing.name, standing]),
  ) as Record<Worker, Standing>
}

export function trafficTable({ rates, times, storageRequests }: Traffic): Table {
  const byRate = trafficStandings(rates)
  const byTime = trafficStandings(times)
  return {
    title:
      `Requests per second through a workerd over loopback, ${CONNECTIONS} connections, a handler that answers "ok" ` +
      '(the client, the database and what else runs share the cores), and microseconds of workerd’s processor time for each. ' +
      'x is the ratio to Hono without middleware in the same round, median (low to high)',
    columns: [
      'worker',
      'requests/s',
      'x',
      'low to high',
      'µs',
      'x',
      'low to high',
      'storage requests per 1,000',
    ],
    rows: WORKERS.map((worker) => [
      CONTENDERS[worker],
      ...[byRate, byTime].flatMap((standings) => [
        standings[worker].median,
        standings[worker].ratio.median,
        spread(standings[worker].ratio),
      ]),
      worker === 'breaker' ? storageRequests : 0,
    ]),
    samples: { rates, times },
  }
}

export function trafficPicture({ rates }: Traffic): string {
  const standings = trafficStandings(rates)
  return bars(
    {
      title: 'Requests per second through one workerd',
      x: { name: 'worker' },
      y: { name: 'requests/s' },
    },
    WORKERS.map((worker) => CONTENDERS[worker]),
    { 'requests/s': WORKERS.map((worker) => Math.round(standings[worker].median)) },
  )
}
