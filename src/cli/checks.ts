import type { Row } from '../postgres/database.ts'
import { circuitBreakers } from '../postgres/schema.ts'
import { FUNCTION_NAME } from '../postgres/statements/function-name.ts'
import { namesIn } from '../postgres/statements/names.ts'
import type { Connection } from './database.ts'
import { pythonLibrary } from './python-library.ts'

/** What `doctor` found. */
export interface Finding {
  readonly check: string
  /** `note`: it works, but could be better. */
  readonly level: 'ok' | 'note' | 'bad'
  readonly says: string
  /** What to do about it. */
  readonly advice?: string
}

const SET_UP = 'resilient-circuit pg-setup'
/** From here on a call that waits for the storage is felt. */
const SLOW_MS = 100
/** From here on a person who compares two clocks is misled. */
const SKEWED_MS = 2_000
const OLDEST_SERVER = 140_000
/** Fewer updates say nothing. */
const ENOUGH_UPDATES = 100

/** Looks at a database that answers. */
export async function check(
  connection: Connection,
  schema: string | undefined,
  user: string,
): Promise<readonly Finding[]> {
  const { breakers, transitions } = namesIn(schema)
  const [facts] = await connection.query(factsStatement(breakers, transitions, schema))
  const columns = (
    await connection.query(
      `select attname as name from pg_attribute where attrelid = to_regclass('${breakers}') and attnum > 0 and not attisdropped`,
    )
  ).map((row) => String(row['name']))
  const tables = tablesOf(columns, facts!)
  const findings = [
    serverOf(facts!),
    isolationOf(facts!, user),
    await roundTrip(connection),
    await clock(connection),
    tables,
  ]
  if (tables.level !== 'bad')
    findings.push(
      functionOf(facts!),
      rights(facts!, breakers, transitions, user),
      hot(facts!, breakers),
    )
  if (tables.level !== 'bad') {
    const place = { breakers, transitions, schema: schema ?? String(facts!['schema']), user }
    const python = await pythonLibrary(connection, place)
    if (python !== undefined) findings.push(python)
  }
  return findings
}

function factsStatement(breakers: string, transitions: string, schema: string | undefined): string {
  const within = schema === undefined ? 'current_schema()' : `'${schema}'`
  const table = `to_regclass('${breakers}')`
  const may = (relation: string, privilege: string) =>
    `coalesce(has_table_privilege(to_regclass('${relation}'), '${privilege}'), false)`
  return `select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
    current_setting('default_transaction_isolation') as isolation, ${within} as schema,
    to_regclass('${transitions}') is not null as log,
    to_regprocedure('${schema === undefined ? '' : `"${schema}".`}${FUNCTION_NAME}(jsonb)') is not null as installed,
    (select count(*)::int from pg_proc where proname ~ '^rc_exchange_[0-9a-f]{8}$' and proname <> '${FUNCTION_NAME}'
      and pronamespace = to_regnamespace(${within}::text)) as others,
    exists (select from pg_trigger where tgrelid = ${table} and tgname = 'update_rc_circuit_breakers_updated_at') as original_trigger,
    ${may(breakers, 'select')} and ${may(breakers, 'insert')} and ${may(breakers, 'update')} and ${may(transitions, 'select')}
      and ${may(transitions, 'insert')} as writes,
    ${may(breakers, 'delete')} and ${may(transitions, 'delete')} as deletes,
    (select array_to_string(reloptions, ',') from pg_class where oid = ${table}) as reloptions,
    (select n_tup_upd::int from pg_stat_user_tables where relid = ${table}) as updates,
    (select n_tup_hot_upd::int from pg_stat_user_tables where relid = ${table}) as hot,
    (select string_agg(i.indexrelid::regclass::text, ', ') from pg_index i where i.indrelid = ${table} and exists (select from pg_attribute a
      where a.attrelid = i.indexrelid and a.attname in ('updated_at', 'version', 'log', 'failure_count'))) as costly`
}

function serverOf({ version, number }: Row): Finding {
  if (Number(number) >= OLDEST_SERVER)
    return { check: 'server', level: 'ok', says: `PostgreSQL ${version}` }
  return {
    check: 'server',
    level: 'bad',
    says: `PostgreSQL ${version}`,
    advice: 'Version 14 or newer is needed.',
  }
}

function isolationOf({ isolation }: Row, user: string): Finding {
  if (isolation === 'read committed')
    return { check: 'isolation', level: 'ok', says: 'read committed' }
  return {
    check: 'isolation',
    level: 'note',
    says: `${isolation}: writes to one breaker will fail and be sent again`,
    advice: `alter role "${user.replaceAll('"', '""')}" set default_transaction_isolation = 'read committed';`,
  }
}

/** The median of five. */
async function roundTrip(connection: Connection): Promise<Finding> {
  const times: number[] = []
  for (let i = 0; i < 5; i++) {
    const start = performance.now()
    await connection.query('select 1')
    times.push(performance.now() - start)
  }
  const ms = times.sort((a, b) => a - b)[2]!
  const says = `${ms.toFixed(1)} ms`
  if (ms <= SLOW_MS) return { check: 'round trip', level: 'ok', says }
  return {
    check: 'round trip',
    level: 'note',
    says,
    advice:
      'Place the database nearer to what calls it, or raise maxStaleness: a cold or stale isolate waits this long.',
  }
}

async function clock(connection: Connection): Promise<Finding> {
  const before = Date.now()
  const [row] = await connection.query(
    `select (extract(epoch from clock_timestamp()) * 1000)::float8 as at`,
  )
  const skew = Math.round(Number(row!['at']) - (before + Date.now()) / 2)
  const says = `the database is ${Math.abs(skew)} ms ${skew < 0 ? 'behind' : 'ahead of'} this machine`
  if (Math.abs(skew) <= SKEWED_MS) return { check: 'clock', level: 'ok', says }
  return {
    check: 'clock',
    level: 'note',
    says,
    advice:
      "Breakers go by the database's clock, and are right; a process of the Python library goes by its own. Set the clocks.",
  }
}

function tablesOf(columns: readonly string[], { log, schema }: Row): Finding {
  const wanted = Object.values(circuitBreakers).flatMap((column) =>
    typeof column === 'object' ? [column.name] : [],
  )
  const missing = wanted.filter((name) => !columns.includes(name))
  const bad = (says: string): Finding => ({ check: 'tables', level: 'bad', says, advice: SET_UP })
  if (columns.length === 0)
    return bad(`there is no table rc_circuit_breakers in the schema ${schema}`)
  if (!columns.includes('own_state'))
    return bad("rc_circuit_breakers is the Python library's, and not yet upgraded")
  if (missing.length > 0)
    return bad(`rc_circuit_breakers is of another version: ${missing.join(', ')} missing`)
  if (log !== true) return bad('there is no table rc_circuit_transitions')
  return { check: 'tables', level: 'ok', says: `of this version, in the schema ${schema}` }
}

function functionOf({ installed, others }: Row): Finding {
  const rest = Number(others) > 0 ? `, beside ${others} of other versions` : ''
  if (installed !== true) {
    return {
      check: 'function',
      level: 'note',
      says: `not installed${rest}: it works, at a fraction of the throughput`,
      advice: SET_UP,
    }
  }
  if (rest === '') return { check: 'function', level: 'ok', says: FUNCTION_NAME }
  return {
    check: 'function',
    level: 'ok',
    says: FUNCTION_NAME + rest,
    advice: `Once no program uses those any more: ${SET_UP} --prune-functions`,
  }
}

function rights(
  { writes, deletes }: Row,
  breakers: string,
  transitions: string,
  user: string,
): Finding {
  const grant = (what: string) =>
    `grant ${what} on ${breakers}, ${transitions} to "${user.replaceAll('"', '""')}";`
  if (writes !== true) {
    return {
      check: 'privileges',
      level: 'bad',
      says: 'the role may not read and write the tables',
      advice: grant('select, insert, update, delete'),
    }
  }
  if (deletes !== true)
    return {
      check: 'privileges',
      level: 'note',
      says: 'the role may not prune',
      advice: grant('delete'),
    }
  return { check: 'privileges', level: 'ok', says: 'reads, writes and prunes' }
}

/** Updates that stay within their page (HOT) touch no index, and leave nothing to vacuum. */
function hot(
  { reloptions, updates, hot: within, costly, original_trigger }: Row,
  breakers: string,
): Finding {
  const share = Number(updates) === 0 ? 1 : Number(within) / Number(updates)
  const says =
    Number(updates) < ENOUGH_UPDATES
      ? 'too few updates to tell'
      : `${Math.floor(share * 100)} % of ${updates} updates`
  const note = (why: string, advice: string): Finding => ({
    check: 'HOT updates',
    level: 'note',
    says: `${says}; ${why}`,
    advice,
  })
  if (typeof costly === 'string')
    return note(`${costly} makes every write touch every index`, `drop index ${costly};`)
  if (original_trigger === true)
    return note("the Python command line's trigger stamps every write", SET_UP)
  if (!String(reloptions ?? '').includes('fillfactor'))
    return note('no room is kept in the pages', `alter table ${breakers} set (fillfactor = 50);`)
  if (Number(updates) >= ENOUGH_UPDATES && share < 0.8) {
    return note(
      'something holds old snapshots',
      'Look for transactions that stay open: select * from pg_stat_activity order by xact_start;',
    )
  }
  return { check: 'HOT updates', level: 'ok', says }
}
