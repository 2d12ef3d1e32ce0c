import { randomInt } from 'node:crypto'
import pg from 'pg'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { namesIn } from '../../src/postgres/statements/names.ts'
import { plainReport } from '../../test/support/plain-report.ts'
import { createDatabase, startPostgres } from '../../test/support/postgres.ts'
import type { Table } from '../support/result.ts'
import { median } from '../support/turns.ts'
import { RULE } from './growing.ts'

const settings = resolveSettings({ failureLimit: fraction(RULE.failures, RULE.outOf) })
const id = { resourceKey: 'hot', namespace: 'default' }
/** Writers at once that keep the row busy, so that none of its time goes by unused. */
const WRITERS = [1, 4, 16]

export interface HotRow {
  /** The most writes a second that the row took: where the function is installed, and where the tables are alone. */
  readonly writesPerSecond: readonly number[]
  readonly table: Table
}

interface Busy {
  readonly form: string
  readonly writers: number
  readonly latencyMs: number
  readonly perSecond: number
}

/** What one row of a real PostgreSQL on this machine carries: reports of one success each. */
export async function measureHotRow(quick: boolean): Promise<HotRow> {
  const server = await startPostgres()
  const database = await createDatabase(server.url, 'hot_row')
  try {
    await migrate(database.url)
    const installed = await busy('function installed', database.url, quick)
    await dropFunction(database.url)
    const alone = await busy('tables alone', database.url, quick)
    return {
      writesPerSecond: [installed, alone].map((rows) =>
        Math.max(...rows.map(({ perSecond }) => perSecond)),
      ),
      table: {
        title:
          'What one row carries: exchanges of one outcome each on one key, real PostgreSQL on this machine, TCP on 127.0.0.1, no fsync; median of the rounds',
        columns: [
          'form',
          'writers at once',
          'an exchange takes, ms',
          'writes/s',
          'one writer after the other could do, /s',
        ],
        rows: [...installed, ...alone].map(({ form, writers, latencyMs, perSecond }) => [
          form,
          writers,
          latencyMs,
          perSecond,
          writers === 1 ? 1_000 / latencyMs : '-',
        ]),
      },
    }
  } finally {
    await database.drop()
    await server.stop()
  }
}

async function busy(form: string, url: string, quick: boolean): Promise<readonly Busy[]> {
  await using storage = nodePostgresStorage(url, { max: Math.max(...WRITERS) })
  const forMs = quick ? 300 : 2_000
  await write(storage, WRITERS.at(-1)!, forMs / 2)
  const rows: Busy[] = []
  for (const writers of WRITERS) {
    const rounds: number[][] = []
    for (let round = 0; round < (quick ? 1 : 3); round++)
      rounds.push(await write(storage, writers, forMs))
    const latencyMs = median(rounds.map((times) => median(times)))
    rows.push({
      form,
      writers,
      latencyMs,
      perSecond: median(rounds.map(({ length }) => (length * 1_000) / forMs)),
    })
  }
  return rows
}

/** Leaves what `drizzle-kit push` makes: the storage then sends the function's body along. */
async function dropFunction(url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await client.query(`drop function ${namesIn(undefined).fn}`)
  } finally {
    await client.end()
  }
}

/** How long each write took, in milliseconds. */
async function write(storage: CircuitStorage, writers: number, forMs: number): Promise<number[]> {
  const until = performance.now() + forMs
  const times: number[] = []
  const one = async () => {
    let [{ snapshot }] = (await storage.exchange([id])) as [
      Awaited<ReturnType<CircuitStorage['exchange']>>[number],
    ]
    while (performance.now() < until) {
      const began = performance.now()
      const flushId = randomInt(-(2 ** 31), 2 ** 31)
      // It never trips: its generation stays that of a row without transitions.
      const [answer] = await storage.exchange([
        { ...id, report: plainReport('0', flushId, snapshot.since, settings) },
      ])
      snapshot = answer!.snapshot
      // Where many write, one may wait behind more of them than the row remembers: not counted, and to be sent again.
      if (answer!.verdict === 'unknown') continue
      if (answer!.verdict !== 'counted') throw new Error(`a report was ${answer!.verdict}`)
      times.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: writers }, one))
  return times
}
