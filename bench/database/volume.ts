import pg from 'pg'
import { ORIGINAL_SCHEMAS } from '../../test/postgres/original.ts'
import { type Postgres, query } from '../support/postgres.ts'
import type { Table } from '../support/result.ts'
import { Connections } from './connections.ts'
import { loadAndSave } from './original.ts'
import { Requests } from './requests.ts'

const WRITERS = 8
const KEYS = 100
const ASYNCHRONOUS = '-c synchronous_commit=off'
/** Autovacuum looks once a minute; so often a vacuum runs here, so that each run sees it alike. */
const VACUUM_EVERY = 20_000

interface Written {
  readonly name: string
  readonly outcomes: number
  readonly walBytes: number
  readonly hotShare: number
  readonly tableBytes: number
  readonly indexBytes: number
}

/** One write of one writer, by its number. */
type Write = (writer: number, number: number) => Promise<void>

export async function measureVolume(postgres: Postgres, quick: boolean): Promise<Table> {
  const writes = quick ? 1_000 : 100_000
  const found: Written[] = []
  for (const batch of [1, 10]) found.push(await ourVolume(postgres, batch, writes))
  for (const schema of ['its runtime', 'its command line, then its runtime'] as const) {
    found.push(await originalVolume(postgres, schema, writes))
  }
  return {
    title:
      `What ${writes.toLocaleString('en')} writes to ${KEYS} breakers leave: WAL in bytes per write and per outcome, share of HOT updates, table and ` +
      `indexes in KiB. ${WRITERS} connections that stay open, asynchronous commits, a vacuum after every ${VACUUM_EVERY.toLocaleString('en')} writes`,
    columns: [
      'writes',
      'WAL bytes per write',
      'WAL bytes per outcome',
      'HOT share',
      'table KiB',
      'indexes KiB',
    ],
    rows: found.map(({ name, outcomes, walBytes, hotShare, tableBytes, indexBytes }) => [
      name,
      walBytes / writes,
      walBytes / outcomes,
      hotShare,
      tableBytes / 1_024,
      indexBytes / 1_024,
    ]),
  }
}

async function ourVolume(postgres: Postgres, batch: number, writes: number): Promise<Written> {
  const url = await postgres.ours()
  const requests = new Requests()
  const connections = await Connections.open(url, WRITERS, ASYNCHRONOUS)
  const write: Write = (writer, number) => {
    const key = `breaker ${number % KEYS}`
    return requests.report(connections, writer, 'function', key, batch)
  }
  return written(url, `ours: exchange of ${batch}`, batch, writes, write, () =>
    connections[Symbol.asyncDispose](),
  )
}

async function originalVolume(
  postgres: Postgres,
  schema: keyof typeof ORIGINAL_SCHEMAS,
  writes: number,
): Promise<Written> {
  const url = await postgres.database(ORIGINAL_SCHEMAS[schema])
  const clients = Array.from(
    { length: WRITERS },
    () => new pg.Client({ connectionString: url, options: ASYNCHRONOUS }),
  )
  await Promise.all(clients.map((client) => client.connect()))
  const write: Write = (writer, number) =>
    loadAndSave(
      clients[writer]!,
      `breaker ${number % KEYS}`,
      Math.floor(number / KEYS) % 10 === 9 ? 1 : 0,
    )
  return written(
    url,
    `the original: load and save; table of ${schema}`,
    1,
    writes,
    write,
    async () => {
      await Promise.all(clients.map((client) => client.end()))
    },
  )
}

async function written(
  url: string,
  name: string,
  batch: number,
  writes: number,
  write: Write,
  close: () => Promise<void>,
): Promise<Written> {
  await query(url, 'alter table rc_circuit_breakers set (autovacuum_enabled = off)')
  for (let key = 0; key < KEYS; key++) await write(0, key)
  await query(url, 'checkpoint')
  const [before] = await query<{ lsn: string }>(url, 'select pg_current_wal_insert_lsn() as lsn')
  for (let done = 0; done < writes; done += VACUUM_EVERY) {
    let next = done
    const end = Math.min(done + VACUUM_EVERY, writes)
    const writer = async (number: number) => {
      while (next < end) await write(number, KEYS + next++)
    }
    await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)))
    await query(url, 'vacuum rc_circuit_breakers')
  }
  const [wal] = await query<{ bytes: string }>(
    url,
    `select pg_current_wal_insert_lsn() - '${before!.lsn}'::pg_lsn as bytes`,
  )
  await close()
  const hotShare = await hot(url, writes)
  const [size] = await query<{ rows: string; indexes: string }>(
    url,
    "select pg_table_size('rc_circuit_breakers') as rows, pg_indexes_size('rc_circuit_breakers') as indexes",
  )
  return {
    name,
    outcomes: writes * batch,
    walBytes: Number(wal!.bytes),
    hotShare,
    tableBytes: Number(size!.rows),
    indexBytes: Number(size!.indexes),
  }
}

/** A server process tells what it counted when it ends. */
async function hot(url: string, writes: number): Promise<number> {
  for (;;) {
    const [row] = await query<{ updates: number; hot: number }>(
      url,
      "select n_tup_upd::int as updates, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'rc_circuit_breakers'",
    )
    if (row!.updates >= writes) return row!.hot / row!.updates
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
