import { ORIGINAL_SCHEMAS } from '../../test/postgres/original.ts'
import type { Table } from '../support/result.ts'
import { compare, quantile, type Samples, takeTurns } from '../support/turns.ts'
import { drive } from './connections.ts'
import { type Contender, contendersOn, type Databases, FLOOR, original } from './contenders.ts'
import { NAMESPACE, Requests } from './requests.ts'
import { databaseOf, onServer, ourDatabase } from './server.ts'

/** So many connections on so many keys, and what each contender did there. */
export interface Cell {
  readonly connections: number
  readonly keys: number
  readonly contenders: Readonly<Record<string, Contender>>
  /** Operations per second, round by round. */
  readonly samples: Samples
  /** Milliseconds of each operation. */
  readonly latencies: Readonly<Record<string, readonly number[]>>
  /** Microseconds of processor that the server's processes took for each operation; null where it is not known. */
  readonly processor: Readonly<Record<string, number | null>>
  /** Reports that were sent again. */
  readonly resent: Readonly<Record<string, number>>
}

const KEYS = [1, 100] as const

export async function measureThroughput(
  serverUrl: string,
  quick: boolean,
): Promise<readonly Cell[]> {
  const keys = Array.from({ length: 100 }, (_, i) => `breaker ${i}`)
  const databases = await prepared(serverUrl, keys)
  const requests = new Requests()
  const cells: Cell[] = []
  for (const connections of quick ? [1, 8] : [1, 8, 32]) {
    for (const among of KEYS) {
      cells.push(await measureCell(databases, requests, connections, keys.slice(0, among), quick))
    }
  }
  return cells
}

async function prepared(serverUrl: string, keys: readonly string[]): Promise<Databases> {
  const databases = {
    ours: await ourDatabase(serverUrl),
    original: await databaseOf(serverUrl, ORIGINAL_SCHEMAS['its command line, then its runtime']),
  }
  const list = keys.map((key) => `('${key}')`).join()
  await onServer(
    databases.ours,
    `create table bench_counters (key text primary key, n bigint not null default 0) with (fillfactor = 50);
     insert into bench_counters (key) values ${list};
     insert into rc_circuit_breakers (resource_key) values ${list}`,
  )
  await onServer(
    databases.original,
    `insert into rc_circuit_breakers (resource_key, namespace, state) select key, '${NAMESPACE}', 'CLOSED' from (values ${list}) as k(key)`,
  )
  return databases
}

async function measureCell(
  databases: Databases,
  requests: Requests,
  connections: number,
  keys: readonly string[],
  quick: boolean,
): Promise<Cell> {
  const { contenders, close } = await contendersOn(databases, connections, requests)
  const latencies: Record<string, number[]> = {}
  const used: Record<string, { operations: number; microseconds: number | null }> = {}
  const resent: Record<string, number> = {}
  let turn = 0
  const measure = async (name: string, contender: Contender, milliseconds: number) => {
    const before = contender.connections?.serverMicroseconds() ?? null
    const resentBefore = requests.resent
    const driven = await drive(connections, milliseconds, (connection) =>
      contender.run(connection, keys[turn++ % keys.length]!),
    )
    const after = contender.connections?.serverMicroseconds() ?? null
    resent[name] = (resent[name] ?? 0) + requests.resent - resentBefore
    latencies[name] = [...(latencies[name] ?? []), ...driven.latencies]
    used[name] ??= { operations: 0, microseconds: 0 }
    used[name].operations += driven.latencies.length
    if (before === null || after === null || used[name].microseconds === null)
      used[name].microseconds = null
    else used[name].microseconds += after - before
    return driven.perSecond
  }
  try {
    // Plans and caches of each connection are made before it counts.
    for (const contender of Object.values(contenders)) {
      await drive(connections, quick ? 20 : 100, (connection) =>
        contender.run(connection, keys[turn++ % keys.length]!),
      )
    }
    const runs = Object.entries(contenders).map(
      ([name, contender]) => [name, () => measure(name, contender, quick ? 60 : 500)] as const,
    )
    const samples = await takeTurns(Object.fromEntries(runs), quick ? 2 : 5)
    const processor = Object.entries(used).map(
      ([name, { operations, microseconds }]) =>
        [name, microseconds === null ? null : microseconds / operations] as const,
    )
    return {
      connections,
      keys: keys.length,
      contenders,
      samples,
      latencies,
      resent,
      processor: Object.fromEntries(processor),
    }
  } finally {
    await close()
  }
}

/** Outcomes per second, round by round, of whoever stores any. */
export function outcomesPerSecond({ contenders, samples }: Cell): Samples {
  const storing = Object.entries(contenders).filter(([, { outcomes }]) => outcomes > 0)
  return Object.fromEntries(
    storing.map(([name, { outcomes }]) => [name, samples[name]!.map((rate) => rate * outcomes)]),
  )
}

export function throughputTable(cell: Cell): Table {
  const { connections, keys, contenders, samples, latencies, processor, resent } = cell
  const stored = outcomesPerSecond(cell)
  const againstOriginal = new Map(
    compare(stored, original('load and save', 'synchronous')).map((standing) => [
      standing.name,
      standing,
    ]),
  )
  return {
    title:
      `${connections} connection${connections === 1 ? '' : 's'}, ${keys === 1 ? 'one hot key' : `${keys} keys in turn`}: operations and outcomes ` +
      'per second (medians of the rounds), latency in ms, processor time of the server’s processes per operation in µs; ratios with the lowest ' +
      'and highest round. The client shares the machine, and so has its part in all but the server’s µs. Every tenth outcome is a failure',
    columns: [
      'operation',
      'commit',
      'operations/s',
      'outcomes/s',
      'p50 ms',
      'p99 ms',
      'server µs',
      'sent again',
      `× ${FLOOR}`,
      '× original (load, save, synchronous), by outcomes',
    ],
    rows: compare(samples, FLOOR).map(({ name, median, ratio }) => {
      const standing = againstOriginal.get(name)
      return [
        name,
        contenders[name]!.commit,
        median,
        standing ? standing.median : '',
        quantile(latencies[name]!, 0.5),
        quantile(latencies[name]!, 0.99),
        processor[name] ?? '',
        standing ? resent[name]! : '',
        spread(ratio),
        standing ? spread(standing.ratio) : '',
      ]
    }),
    samples,
  }
}

/** A ratio with its lowest and highest round. */
export function spread({
  median,
  low,
  high,
}: {
  readonly median: number
  readonly low: number
  readonly high: number
}): string {
  const shown = (value: number) =>
    value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)))
  return `${shown(median)} (${shown(low)} to ${shown(high)})`
}
