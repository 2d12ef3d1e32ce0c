import type { Row } from '../postgres/database.ts'
import type { Connection } from './database.ts'
import type { Finding } from './doctor/finding.ts'

const CHECK = 'Python library'
/** How long it waits for whoever has locked a table. */
const LOCK_TIMEOUT_MS = 1_000

interface Place {
  readonly breakers: string
  readonly transitions: string
  readonly schema: string
  readonly user: string
}

/**
 * Can processes of the Python library with this role share the table? Undefined where no trace of
 * it is found.
 */
export async function pythonLibrary(
  connection: Connection,
  place: Place,
): Promise<Finding | undefined> {
  if (!(await hasTraces(connection, place))) return undefined
  const [facts] = await connection.query(factsStatement(place))
  return verdict(facts!, place)
}

/**
 * The indexes that its start up to 0.7 and its command line make; or rows that were written by
 * another program.
 */
async function hasTraces(
  connection: Connection,
  { breakers, transitions }: Place,
): Promise<boolean> {
  const [catalogue] = await connection.query(`select exists (select from pg_index i
      join pg_class c on c.oid = i.indexrelid where i.indrelid = to_regclass('${breakers}')
      and c.relname like 'idx\\_rc\\_circuit\\_breakers%') as indexed,
    has_table_privilege(to_regclass('${breakers}'), 'select')
      and has_table_privilege(to_regclass('${transitions}'), 'select') as readable`)
  if (catalogue!['indexed'] === true) return true
  if (catalogue!['readable'] !== true) return false
  const written = await connection.script([
    `select set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', true)`,
    `select (exists (select from ${breakers} where version = 0 or foreign_window or state <> own_state)
      or exists (select from ${transitions} where cause = 'foreign'))::text`,
  ])
  return written === 'true'
}

function factsStatement({ breakers, schema }: Place): string {
  const may = (privilege: string) =>
    `has_table_privilege(to_regclass('${breakers}'), '${privilege}') as "${privilege}"`
  return `select ${['select', 'insert', 'update', 'delete'].map(may).join(', ')},
    coalesce(has_schema_privilege('${schema.replaceAll("'", "''")}', 'create'), false) as creates,
    (select rolname from pg_class join pg_roles r on r.oid = relowner
      where pg_class.oid = to_regclass('${breakers}') and not pg_has_role(relowner, 'usage')) as owner`
}

/**
 * 0.8 makes nothing at run time. Up to 0.7 it alters the table at each start, which its owner alone
 * may.
 */
function verdict(facts: Row, { breakers, schema, user }: Place): Finding {
  const role = quoted(user)
  const lacking = ['select', 'insert', 'update', 'delete'].filter((name) => facts[name] !== true)
  const older: string[] = []
  const grants: string[] = []
  if (lacking.length > 0) grants.push(`grant ${lacking.join(', ')} on ${breakers} to ${role};`)
  if (facts['owner'] !== null) {
    older.push('does not own the table')
    grants.push(`grant ${quoted(String(facts['owner']))} to ${role}; -- up to 0.7`)
  }
  if (facts['creates'] !== true) {
    older.push(`may not create in the schema ${schema}`)
    grants.push(`grant create on schema ${quoted(schema)} to ${role}; -- up to 0.7`)
  }
  if (lacking.length === 0 && older.length === 0 && schema === 'public')
    return { check: CHECK, level: 'ok', says: 'its processes with this role share the table' }
  const every = lacking.length > 0 ? `may not ${lacking.join(', ')}` : ''
  const why = [
    every && `every version of it stays in memory, for the role ${every}`,
    older.length > 0 && `up to 0.7 it stays in memory, for the role ${older.join(', and ')}`,
    schema !== 'public' && `0.5 to 0.7 look for the table in the schema public alone`,
  ].filter((reason) => reason)
  const shares = lacking.length > 0 ? '' : '; 0.8 shares the table'
  return {
    check: CHECK,
    level: 'note',
    says: `${why.join('; ')}${shares}`,
    ...(grants.length > 0 && { advice: grants.join('\n') }),
  }
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
