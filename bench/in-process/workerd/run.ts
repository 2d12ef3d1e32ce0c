import { bars } from '../../support/picture.ts'
import type { Table } from '../../support/result.ts'
import { compare, type Samples, type Standing, takeTurns } from '../../support/turns.ts'
import { spread } from '../spread.ts'
import { load } from './load.ts'
import { workerdTime } from './processor-time.ts'
import { openStand } from './stand.ts'

const CONNECTIONS = 24

/** By path: what answers there. */
const CONTENDERS = {
  bare: 'a fetch handler without Hono',
  hono: 'Hono, no middleware',
  empty: 'Hono, a middleware that does nothing',
  breaker: 'Hono, circuitBreaker, closed',
} as const

type Path = keyof typeof CONTENDERS
const PATHS = Object.keys(CONTENDERS) as Path[]

export interface Traffic {
  /** Requests answered in a second, by path. */
  readonly rates: Samples
  /** Microseconds of workerd's processor time for a request, by path; NaN where the system does not tell. */
  readonly times: Samples
  /** To the storage, per 1,000 requests. */
  readonly storageRequests: number
}

export async function measureTraffic(quick: boolean): Promise<Traffic> {
  const { rounds, turnMs } = quick ? { rounds: 1, turnMs: 300 } : { rounds: 10, turnMs: 1_000 }
  const stand = await openStand()
  try {
    const times: Record<Path, number[]> = { bare: [], hono: [], empty: [], breaker: [] }
    const breaker = { requests: 0, storage: 0 }
    const turn = (path: Path) => async () => {
      const [storage, time] = [stand.storageRequests(), await workerdTime()]
      const { requests, perSecond } = await load(new URL(`/${path}`, stand.url), CONNECTIONS, turnMs)
      times[path].push(((((await workerdTime()) ?? Number.NaN) - (time ?? Number.NaN)) * 1_000) / requests)
      if (path === 'breaker') {
        breaker.requests += requests
        breaker.storage += stand.storageRequests() - storage
      }
      return perSecond
    }
    const turns = Object.fromEntries(PATHS.map((path) => [path, turn(path)]))
    // The first round is for the compiler.
    await takeTurns(turns, 1)
    for (const path of PATHS) times[path] = []
    const rates = await takeTurns(turns, rounds)
    return { rates, times, storageRequests: (breaker.storage * 1_000) / breaker.requests }
  } finally {
    await stand.close()
  }
}

/** Against Hono without middleware. */
export function trafficStandings(samples: Samples): Readonly<Record<Path, Standing>> {
  return Object.fromEntries(compare(samples, 'hono').map((standing) => [standing.name, standing])) as Record<Path, Standing>
}

export function trafficTable({ rates, times, storageRequests }: Traffic): Table {
  const byRate = trafficStandings(rates)
  const byTime = trafficStandings(times)
  return {
    title:
      `Requests per second through one workerd over loopback, ${CONNECTIONS} connections, a handler that answers "ok" ` +
      '(the client, the database and what else runs share the cores), and microseconds of workerd’s processor time for each. ' +
      'x is the ratio to Hono without middleware in the same round, median (low to high)',
    columns: ['worker', 'requests/s', 'x', 'low to high', 'µs', 'x', 'low to high', 'storage requests per 1,000'],
    rows: PATHS.map((path) => [
      CONTENDERS[path],
      ...[byRate, byTime].flatMap((standings) => [
        standings[path].median,
        standings[path].ratio.median,
        spread(standings[path].ratio),
      ]),
      path === 'breaker' ? storageRequests : 0,
    ]),
    samples: { rates, times },
  }
}

export function trafficPicture({ rates }: Traffic): string {
  const standings = trafficStandings(rates)
  return bars(
    { title: 'Requests per second through one workerd', x: { name: 'worker' }, y: { name: 'requests/s' } },
    PATHS.map((path) => CONTENDERS[path]),
    { 'requests/s': PATHS.map((path) => Math.round(standings[path].median)) },
  )
}
