import { ORIGINAL_SCHEMAS } from '../../test/postgres/original.ts'
import { lines } from '../support/picture.ts'
import { type Postgres, query } from '../support/postgres.ts'
import type { Table } from '../support/result.ts'
import { ratioText } from '../support/table.ts'
import { compare, median, type Samples, takeTurns } from '../support/turns.ts'
import { Connections, drive } from './connections.ts'
import {
  ACQUIRE,
  BATCHES,
  type Contender,
  contendersOn,
  FLOOR,
  HOT_KEY,
  ORIGINAL,
  ours,
  SELECT_ROW,
} from './contenders.ts'
import { NAMESPACE, Requests } from './requests.ts'

/** What each contender did on so many connections. */
export interface Cell {
  readonly connections: number
  readonly contenders: Readonly<Record<string, Contender>>
  /** Operations per second, round by round. */
  readonly samples: Samples
  /** Microseconds of processor that the server's processes took for each operation, median of the rounds; NaN where it is not known. */
  readonly processor: Readonly<Record<string, number>>
}

/** All on one breaker: the row is what does not scale. */
export async function measureThroughput(
  postgres: Postgres,
  quick: boolean,
): Promise<readonly Cell[]> {
  const own = await postgres.ours()
  const original = await postgres.database(ORIGINAL_SCHEMAS['its command line, then its runtime'])
  await query(
    own,
    `create table bench_counters (key text primary key, n bigint not null default 0) with (fillfactor = 50);
     insert into bench_counters (key) values ('${HOT_KEY}');
     insert into rc_circuit_breakers (resource_key) values ('${HOT_KEY}')`,
  )
  await query(
    original,
    `insert into rc_circuit_breakers (resource_key, namespace, state) values ('${HOT_KEY}', '${NAMESPACE}', 'CLOSED')`,
  )
  const requests = new Requests()
  const cells: Cell[] = []
  for (const count of quick ? [1, 8] : [1, 8, 32]) {
    await using connections = await Connections.open(own, count)
    cells.push(await measureCell(connections, contendersOn(connections, original, requests), quick))
  }
  return cells
}

async function measureCell(
  connections: Connections,
  contenders: Cell['contenders'],
  quick: boolean,
): Promise<Cell> {
  const used: Record<string, number[]> = {}
  const drivenFor = (ms: number, { run }: Contender) => drive(connections.count, ms, run)
  const measure = async (name: string, contender: Contender, ms: number) => {
    const [before, started] = [connections.serverMicroseconds(), performance.now()]
    const perSecond = await drivenFor(ms, contender)
    const operations = (perSecond * (performance.now() - started)) / 1_000
    const after = contender.connected ? connections.serverMicroseconds() : null
    used[name] ??= []
    used[name].push(before === null || after === null ? Number.NaN : (after - before) / operations)
    return perSecond
  }
  // Plans and caches of each connection are made before it counts.
  for (const contender of Object.values(contenders)) await drivenFor(quick ? 20 : 100, contender)
  const turns = Object.entries(contenders).map(
    ([name, contender]) => [name, () => measure(name, contender, quick ? 60 : 500)] as const,
  )
  const samples = await takeTurns(Object.fromEntries(turns), quick ? 2 : 5)
  return {
    connections: connections.count,
    contenders,
    samples,
    processor: Object.fromEntries(Object.entries(used).map(([name, µs]) => [name, median(µs)])),
  }
}

/** Outcomes per second, round by round, of whoever stores any. */
function outcomesPerSecond({ contenders, samples }: Cell): Samples {
  const storing = Object.entries(contenders).filter(([, { outcomes }]) => outcomes > 0)
  return Object.fromEntries(
    storing.map(([name, { outcomes }]) => [name, samples[name]!.map((rate) => rate * outcomes)]),
  )
}

export function throughputTable(cell: Cell): Table {
  const { connections, samples, processor } = cell
  const stored = outcomesPerSecond(cell)
  const againstOriginal = compare(stored, ORIGINAL)
  return {
    title:
      `One hot key, ${connections} connection${connections === 1 ? '' : 's'}: operations and outcomes per second (medians of the rounds), ` +
      'processor time of the server’s processes per operation in µs; ratios, with the lowest and highest round. The client shares the ' +
      'machine, and so has its part in all but the server’s µs. Every tenth outcome is a failure',
    columns: [
      'operation',
      'operations/s',
      'outcomes/s',
      'server µs',
      `x ${FLOOR}`,
      'x the original, by outcomes',
    ],
    rows: compare(samples, FLOOR).map(({ name, median, ratio }) => {
      const standing = againstOriginal.find((other) => other.name === name)
      return [
        name,
        median,
        standing?.median ?? '',
        processor[name]! >= 0 ? processor[name]! : '',
        ratioText(ratio),
        standing ? ratioText(standing.ratio) : '',
      ]
    }),
    samples,
  }
}

/** The two promises about the database, on each number of connections. */
export function budgetTable(cells: readonly Cell[]): Table {
  return {
    title: 'Budgets on one hot key: ratios, with the lowest and highest round',
    columns: ['budget', 'connections', 'at least', 'measured', 'held'],
    rows: cells.flatMap((cell) => {
      const row = (samples: Samples, name: string, baseline: string, least: number) => {
        const { ratio } = compare(samples, baseline).find((standing) => standing.name === name)!
        const held = ratio.median >= least ? 'yes' : 'no'
        return [`${name}, to ${baseline}`, cell.connections, least, ratioText(ratio), held]
      }
      const stored = outcomesPerSecond(cell)
      return [
        row(stored, ours('function', 100), ORIGINAL, 1_000),
        row(stored, ours('function', 1_000), ORIGINAL, 1_000),
        row(cell.samples, ACQUIRE, SELECT_ROW, 0.7),
      ]
    }),
  }
}

/** On eight connections: a fleet in trouble. */
export function throughputPicture(cells: readonly Cell[]): string {
  const stored = outcomesPerSecond(cells.find(({ connections }) => connections === 8)!)
  const curve = (of: (batch: number) => string) =>
    BATCHES.map((batch) => [batch, median(stored[of(batch)]!)] as const)
  return lines(
    {
      title: 'Outcomes stored per second: one hot key, 8 connections',
      x: { name: 'outcomes in a batch', log: true },
      y: { name: 'outcomes per second', log: true },
    },
    {
      'ours, function': curve((batch) => ours('function', batch)),
      'ours, tables alone': curve((batch) => ours('tables alone', batch)),
      [ORIGINAL]: curve(() => ORIGINAL),
    },
  )
}
