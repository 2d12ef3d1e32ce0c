import { startLocalNeon } from '../../../src/local/index.ts'
import { CountingProxy } from '../../support/counting-proxy.ts'
import { bars } from '../../support/picture.ts'
import { Postgres } from '../../support/postgres.ts'
import type { Table } from '../../support/result.ts'
import { ratioText } from '../../support/table.ts'
import { compare, type Samples, type Standing, takeTurns } from '../../support/turns.ts'
import { startWorkerd, type Workerd } from '../../support/workerd.ts'
import { BASELINE, bundles, EMPTY, NEON } from '../../support/workers.ts'
import { load } from './load.ts'
import { workerdTime } from './processor-time.ts'

const CONNECTIONS = 24
const WORKERS = [BASELINE, EMPTY, NEON] as const

export interface Traffic {
  /** Requests answered in a second, by Worker. */
  readonly rates: Samples
  /** Microseconds of workerd's processor time for a request, by Worker; NaN where the system does not tell. */
  readonly times: Samples
  /** To the storage, per 1,000 requests. */
  readonly storageRequests: number
}

/** Over a real PostgreSQL behind the local Neon endpoint. */
export async function measureTraffic(quick: boolean): Promise<Traffic> {
  await using postgres = await Postgres.start()
  const databaseUrl = await postgres.database()
  await using neon = await startLocalNeon({ databaseUrl })
  await using proxy = await CountingProxy.start(neon.fetchEndpoint)
  const bindings = {
    DATABASE_URL: databaseUrl,
    NEON_FETCH_ENDPOINT: `http://127.0.0.1:${proxy.port}/sql`,
  }
  const workers = Object.entries(await bundles(...WORKERS))
  const started: [name: string, workerd: Workerd][] = []
  try {
    for (const [name, { text }] of workers)
      started.push([name, await startWorkerd(text, { bindings })])
    const urls = new Map(started.map(([name, { url }]) => [name, new URL('/pay', url)]))
    return await measured(urls, () => proxy.tally.roundTrips - proxy.tally.connections, quick)
  } finally {
    await Promise.all(started.map(([, workerd]) => workerd[Symbol.asyncDispose]()))
  }
}

async function measured(
  urls: ReadonlyMap<string, URL>,
  storageRequests: () => number,
  quick: boolean,
): Promise<Traffic> {
  const { rounds, turnMs } = quick ? { rounds: 1, turnMs: 300 } : { rounds: 40, turnMs: 400 }
  const times: Record<string, number[]> = {}
  const breaker = { requests: 0, storage: 0 }
  const turn = (worker: string, url: URL) => async () => {
    const [storage, time] = [storageRequests(), await workerdTime()]
    const { requests, perSecond } = await load(url, CONNECTIONS, turnMs)
    times[worker]!.push((((await workerdTime()) - time) * 1_000) / requests)
    if (worker === NEON) {
      breaker.requests += requests
      breaker.storage += storageRequests() - storage
    }
    return perSecond
  }
  const turns = Object.fromEntries([...urls].map(([name, url]) => [name, turn(name, url)]))
  const anew = () => {
    for (const name of urls.keys()) times[name] = []
  }
  anew()
  // The first round is for the compiler.
  await takeTurns(turns, 1)
  anew()
  const rates = await takeTurns(turns, rounds)
  return { rates, times, storageRequests: (breaker.storage * 1_000) / breaker.requests }
}

/** Of the Worker with a breaker, against Hono alone. */
export function breakerStanding(samples: Samples): Standing {
  return compare(samples, BASELINE).find(({ name }) => name === NEON)!
}

export function trafficTable({ rates, times, storageRequests }: Traffic): Table {
  const byTime = compare(times, BASELINE)
  return {
    title:
      `Requests per second through a workerd over loopback, ${CONNECTIONS} connections, a handler that answers at once ` +
      '(the client, the database and what else runs share the cores), and microseconds of workerd’s processor time for each. ' +
      `x is the ratio to ${BASELINE} in the same round, median (low to high)`,
    columns: ['Worker', 'requests/s', 'x', 'µs', 'x', 'storage requests per 1,000'],
    rows: compare(rates, BASELINE).map(({ name, median, ratio }, i) => [
      name,
      median,
      ratioText(ratio),
      byTime[i]!.median,
      ratioText(byTime[i]!.ratio),
      name === NEON ? storageRequests : 0,
    ]),
    samples: { rates, times },
  }
}

export function trafficPicture({ rates }: Traffic): string {
  const standings = compare(rates, BASELINE)
  return bars(
    {
      title: 'Requests per second through one workerd',
      x: { name: 'Worker' },
      y: { name: 'requests/s' },
    },
    standings.map(({ name }) => name),
    { 'requests/s': standings.map(({ median }) => Math.round(median)) },
  )
}
