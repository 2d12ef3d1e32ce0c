import { ORIGINAL_SCHEMAS } from '../../test/postgres/original.ts'
import { type Postgres, query } from '../support/postgres.ts'
import type { Table } from '../support/result.ts'
import { Connections } from './connections.ts'
import { loadAndSave } from './original.ts'
import { Requests } from './requests.ts'

const WRITERS = 8
const KEYS = 100
/** Autovacuum looks once a minute; so often a vacuum runs here, so that each run sees it alike. */
const VACUUM_EVERY = 20_000

/** One write of one writer, by its number. */
type Write = (connections: Connections, writer: number, number: number) => Promise<void>

export async function measureVolume(postgres: Postgres, quick: boolean): Promise<Table> {
  const writes = quick ? 1_000 : 100_000
  const rows: Table['rows'][number][] = []
  for (const batch of [1, 10]) {
    const left = await leftBy(await postgres.ours(), writes, reporting(batch))
    rows.push([`ours: exchange of ${batch}`, left[0] / batch, ...left])
  }
  for (const schema of ['its runtime', 'its command line, then its runtime'] as const) {
    const url = await postgres.database(ORIGINAL_SCHEMAS[schema])
    const left = await leftBy(url, writes, loadingAndSaving)
    rows.push([`the original: load and save; table of ${schema}`, left[0], ...left])
  }
  return {
    title:
      `What ${writes.toLocaleString('en')} writes to ${KEYS} breakers leave: WAL in bytes per outcome and per write, share of HOT updates, table and ` +
      `indexes in KiB. ${WRITERS} connections that stay open, asynchronous commits, a vacuum after every ${VACUUM_EVERY.toLocaleString('en')} writes`,
    columns: [
      'writes',
      'WAL bytes per outcome',
      'WAL bytes per write',
      'HOT share',
      'table KiB',
      'indexes KiB',
    ],
    rows,
  }
}

const keyOf = (number: number) => `breaker ${number % KEYS}`

function reporting(batch: number): Write {
  const requests = new Requests()
  return (connections, writer, number) =>
    requests.report(connections, writer, 'function', keyOf(number), batch)
}

const loadingAndSaving: Write = (connections, writer, number) =>
  loadAndSave(
    (text, values) => connections.query(writer, text, values),
    keyOf(number),
    Math.floor(number / KEYS) % 10 === 9 ? 1 : 0,
  )

type Left = readonly [walPerWrite: number, hotShare: number, tableKiB: number, indexKiB: number]

async function leftBy(url: string, writes: number, write: Write): Promise<Left> {
  const connections = await Connections.open(url, WRITERS, '-c synchronous_commit=off')
  await query(url, 'alter table rc_circuit_breakers set (autovacuum_enabled = off)')
  for (let key = 0; key < KEYS; key++) await write(connections, 0, key)
  await query(url, 'checkpoint')
  const [before] = await query<{ lsn: string }>(url, 'select pg_current_wal_insert_lsn() as lsn')
  for (let done = 0; done < writes; done += VACUUM_EVERY) {
    let next = done
    const end = Math.min(done + VACUUM_EVERY, writes)
    const writer = async (number: number) => {
      while (next < end) await write(connections, number, KEYS + next++)
    }
    await Promise.all(Array.from({ length: WRITERS }, (_, number) => writer(number)))
    await query(url, 'vacuum rc_circuit_breakers')
  }
  const [after] = await query<{ wal: number; rows: number; indexes: number }>(
    url,
    `select (pg_current_wal_insert_lsn() - '${before!.lsn}'::pg_lsn)::float8 as wal,
       pg_table_size('rc_circuit_breakers')::float8 as rows, pg_indexes_size('rc_circuit_breakers')::float8 as indexes`,
  )
  await connections[Symbol.asyncDispose]()
  const { wal, rows, indexes } = after!
  return [wal / writes, await hot(url, writes), rows / 1_024, indexes / 1_024]
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
