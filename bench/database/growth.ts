import pg from 'pg'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import type { DrizzleStorage } from '../../src/postgres/storage.ts'
import { lines } from '../support/picture.ts'
import { type Postgres, query } from '../support/postgres.ts'
import type { Table } from '../support/result.ts'
import { ratioText } from '../support/table.ts'
import { compare, median, takeTurns } from '../support/turns.ts'
import { NAMESPACE, Requests, settings } from './requests.ts'

const DAY_MS = 86_400_000

/** What an operation took, in ms, by how many breakers there are. */
export interface Growth {
  readonly table: Table
  readonly curves: Readonly<Record<string, readonly (readonly [breakers: number, ms: number])[]>>
}

export async function measureGrowth(postgres: Postgres, quick: boolean): Promise<Growth> {
  const sizes = quick ? [10, 1_000, 10_000] : [10, 10_000, 1_000_000]
  const contenders: Record<string, () => Promise<number>> = {}
  const pools: pg.Pool[] = []
  let names: string[] = []
  for (const size of sizes) {
    const url = await postgres.ours()
    await fill(url, size)
    const pool = new pg.Pool({ connectionString: url, max: 1 })
    pools.push(pool)
    const operations = operationsOn(nodePostgresStorage(pool), size)
    names = Object.keys(operations)
    for (const [name, operation] of Object.entries(operations))
      contenders[at(name, size)] = () => timed(operation, quick)
  }
  const samples = await takeTurns(contenders, quick ? 1 : 5)
  await Promise.all(pools.map((pool) => pool.end()))

  const least = Math.min(...sizes)
  const rows = names.map((name) => {
    const standings = compare(
      Object.fromEntries(sizes.map((size) => [String(size), samples[at(name, size)]!])),
      String(least),
    )
    return { name, standings }
  })
  return {
    table: {
      title:
        `What grows with the number of breakers: milliseconds of one operation (medians), through the storage, on one connection; in brackets against ` +
        `${least} breakers, with the lowest and highest round. Every hundredth breaker is open`,
      columns: ['operation', ...sizes.map((size) => `${size.toLocaleString('en')} breakers`)],
      rows: rows.map(({ name, standings }) => [
        name,
        ...standings.map(
          ({ median, ratio }) => `${Number(median.toPrecision(3))} [× ${ratioText(ratio)}]`,
        ),
      ]),
      samples,
    },
    curves: Object.fromEntries(
      rows.map(({ name, standings }) => [
        name,
        standings.map(({ name: size, median }) => [Number(size), median] as const),
      ]),
    ),
  }
}

const at = (name: string, size: number) => `${name}, ${size} breakers`
const key = (i: number) => `breaker ${String(i).padStart(7, '0')}`

async function fill(url: string, size: number): Promise<void> {
  await query(
    url,
    `insert into rc_circuit_breakers (resource_key, namespace, state, own_state, open_until, own_open_until, cooldown_ms, failure_count, version, log,
       settings, flush_ids)
     select 'breaker ' || lpad(i::text, 7, '0'), '${NAMESPACE}', state, state, until, until, case when until is null then 0 else 3600000 end, i % 5, 8, b'0001000100',
       '${JSON.stringify(settings)}', array(select -8 * i - j from generate_series(0, 7) j)
       from generate_series(1, ${size}) i,
            lateral (select case when i % 100 = 0 then 'OPEN' else 'CLOSED' end as state,
              case when i % 100 = 0 then date_trunc('second', now()) + interval '1 hour' end as until) s`,
  )
  await query(url, 'vacuum (analyze) rc_circuit_breakers')
}

type Operation = () => Promise<number>

/** Each answers how many milliseconds it took, without what prepares it. */
function operationsOn(storage: DrizzleStorage, size: number): Readonly<Record<string, Operation>> {
  const requests = new Requests()
  let turn = 0
  /** Far from the one before, and none of the open ones. */
  const any = () => {
    turn += 7_919
    const i = (turn % size) + 1
    return key(i % 100 === 0 ? i - 1 : i)
  }
  const exchange = async (keys: readonly string[], batch: number) => {
    const reports = keys.map((name) => requests.request(name, requests.outcomes(name, batch)))
    const ms = await clocked(async () => {
      const answers = await storage.exchange(reports)
      for (const { verdict } of answers)
        if (verdict !== 'counted') throw new Error(`a report was ${verdict}`)
    })
    for (const report of reports) requests.counted(report)
    return ms
  }
  return {
    'read of one': () =>
      clocked(() => storage.exchange([{ resourceKey: any(), namespace: NAMESPACE }])),
    'exchange, 10 outcomes of one': () => exchange([any()], 10),
    'exchange, an outcome each of 10': () =>
      exchange([...new Set(Array.from({ length: 10 }, any))], 1),
    'first page of the list': () => clocked(() => storage.list()),
    'first page with the summary': () => clocked(() => storage.list({ summary: true })),
    'prune, nothing old': () => clocked(() => storage.prune({ breakersOlderThanMs: DAY_MS })),
  }
}

async function clocked(run: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await run()
  return performance.now() - started
}

/** The median of as many as fit into a short while, and at least one. */
async function timed(operation: Operation, quick: boolean): Promise<number> {
  const taken: number[] = []
  const end = performance.now() + (quick ? 30 : 300)
  do taken.push(await operation())
  while (performance.now() < end)
  return median(taken)
}

export function growthPicture({ curves }: Growth): string {
  return lines(
    {
      title: 'What grows with the number of breakers',
      x: { name: 'breakers in the table', log: true },
      y: { name: 'milliseconds', log: true },
    },
    curves,
  )
}
