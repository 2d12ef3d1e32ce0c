import type { Row } from '../../postgres/database.ts'
import { FUNCTION_NAME } from '../../postgres/statements/function-name.ts'
import { namesIn } from '../../postgres/statements/names.ts'
import type { Connection } from '../database.ts'

export type Privilege = 'select' | 'insert' | 'update' | 'delete'

/** One of the two tables, as the catalogue knows it. */
export interface Relation {
  /** As a statement names it. */
  readonly name: string
  readonly found: boolean
  /** `table`, or what stands in its place, such as `view`. */
  readonly kind: string
  readonly columns: readonly string[]
  readonly privileges: readonly string[]
  /** Does row-level security apply to this role? */
  readonly secured: boolean
  /**
   * Triggers, rules and policies that are not ours, such as `trigger audit on rc_circuit_breakers`.
   */
  readonly meddlers: readonly string[]
}

/**
 * What the catalogue says about this role and the tables. It can be read whatever the role may do.
 */
export interface Facts {
  /** The role that statements run as; a setting may make it another one than that of the URL. */
  readonly user: string
  /** The schema that was asked for, or the first of the search path. */
  readonly schema: string
  readonly schemaExists: boolean
  /** May the role use what is in the schema? */
  readonly schemaUsable: boolean
  /**
   * Schemas that also hold such a table, where none was found. The first is one that this role may
   * not use, if there is one.
   */
  readonly elsewhere: readonly { readonly schema: string; readonly usable: boolean }[]
  readonly breakers: Relation
  readonly transitions: Relation
  readonly isKeyed: boolean
  readonly functionFound: boolean
  readonly functionCallable: boolean
  /** The command that makes the tables and the function, or brings them up to date. */
  readonly setUp: string
  /** Whatever else the checks need, by the names of {@link factsStatement}. */
  readonly row: Row
}

/** @throws where the database does not answer */
export async function readFacts(
  connection: Connection,
  schema: string | undefined,
): Promise<Facts> {
  const [row] = await connection.query(factsStatement(schema))
  const { breakers, transitions } = namesIn(schema)
  const said = JSON.parse(String(row!['facts']))
  return {
    ...said,
    breakers: relation(breakers, said.breakers),
    transitions: relation(transitions, said.transitions),
    setUp: `resilient-circuit pg-setup${schema === undefined ? '' : ` --schema ${schema}`}`,
    row: row!,
  }
}

const KINDS: Readonly<Record<string, string>> = {
  r: 'table',
  p: 'table',
  v: 'view',
  m: 'materialized view',
  f: 'foreign table',
}

function relation(name: string, said: Readonly<Record<string, unknown>> | null): Relation {
  const none = { columns: [], privileges: [], secured: false, meddlers: [] }
  return {
    ...none,
    ...said,
    name,
    found: said !== null,
    kind: KINDS[String(said?.['kind'])] ?? 'table',
  }
}

const OUR_TRIGGERS = ['rc_circuit_breakers_updated_at', 'rc_circuit_breakers_window']
const list = (select: string) => `array_to_json(array(${select}))`
const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ')

/**
 * Looks names up in the catalogue and does not resolve them: to resolve one in a schema that the
 * role may not use is an error.
 */
function factsStatement(schema: string | undefined): string {
  const within = schema === undefined ? 'current_schema()' : `'${schema}'`
  const oid = (relname: string) =>
    schema === undefined
      ? `to_regclass('${relname}')`
      : `(select c.oid from pg_class c where c.relname = '${relname}' and c.relnamespace = (select n.oid from pg_namespace n where n.nspname = '${schema}'))`
  const fn =
    schema === undefined
      ? `to_regprocedure('${FUNCTION_NAME}(jsonb)')`
      : `(select p.oid from pg_proc p where p.proname = '${FUNCTION_NAME}' and p.pronamespace = (select n.oid from pg_namespace n where n.nspname = '${schema}'))`
  return `with o as (select ${oid('rc_circuit_breakers')}::oid as breakers, ${oid('rc_circuit_transitions')}::oid as transitions, ${fn}::oid as fn)
  select current_setting('server_version') as version, current_setting('server_version_num')::int as number,
    current_setting('default_transaction_isolation') as isolation, pg_is_in_recovery() as standby,
    current_setting('transaction_read_only') = 'on' as read_only,
    (select source from pg_settings where name = 'default_transaction_read_only') as read_only_by, current_database()::text as database,
    (select count(*)::int from pg_proc where proname ~ '^rc_exchange_[0-9a-f]{8}$' and proname <> '${FUNCTION_NAME}'
      and pronamespace = (select oid from pg_namespace where nspname = ${within})) as others,
    exists (select from pg_trigger where tgrelid = o.breakers and tgname = 'update_rc_circuit_breakers_updated_at') as original_trigger,
    (select array_to_string(reloptions, ',') from pg_class where oid = o.breakers) as reloptions,
    (select n_tup_upd::int from pg_stat_user_tables where relid = o.breakers) as updates,
    (select n_tup_hot_upd::int from pg_stat_user_tables where relid = o.breakers) as hot,
    (select string_agg(i.indexrelid::regclass::text, ', ') from pg_index i where i.indrelid = o.breakers and exists (select from pg_attribute a
      where a.attrelid = i.indexrelid and a.attname in ('updated_at', 'version', 'log', 'failure_count'))) as costly,
    json_build_object('user', current_user::text, 'schema', ${within}::text,
      'schemaExists', exists (select from pg_namespace where nspname = ${within}),
      'schemaUsable', coalesce((select has_schema_privilege(oid, 'usage') from pg_namespace where nspname = ${within}), false),
      'elsewhere', ${list(`select json_build_object('schema', n.nspname, 'usable', has_schema_privilege(n.oid, 'usage')) from pg_class c
        join pg_namespace n on n.oid = c.relnamespace where c.relname = 'rc_circuit_breakers' and o.breakers is null
        order by has_schema_privilege(n.oid, 'usage'), n.nspname limit 3`)},
      'breakers', ${relationSql('o.breakers')}, 'transitions', ${relationSql('o.transitions')},
      'isKeyed', exists (select from pg_index i where i.indrelid = o.breakers and i.indisunique and i.indisvalid and i.indpred is null
        and array(select a.attname::text from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey) order by 1)
          = '{namespace,resource_key}'),
      'functionFound', o.fn is not null, 'functionCallable', coalesce(has_function_privilege(o.fn, 'execute'), false))::text as facts
  from o`
}

function relationSql(oid: string): string {
  return `(select json_build_object('kind', c.relkind,
    'columns', ${list(`select attname from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped`)},
    'privileges', ${list(`select p from unnest('{select,insert,update,delete}'::text[]) p where has_table_privilege(c.oid, p)`)},
    'secured', c.relkind in ('r', 'p') and row_security_active(c.oid),
    'meddlers', ${list(`select format('%s %I on %s', kind, name, c.oid::regclass) from (
      select 'trigger' as kind, tgname as name from pg_trigger where tgrelid = c.oid and not tgisinternal and tgenabled <> 'D' and tgname not in (${quoted(OUR_TRIGGERS)})
      union all select 'rule', rulename from pg_rewrite where ev_class = c.oid and ev_enabled <> 'D' and rulename <> '_RETURN'
      union all select 'policy', polname from pg_policy where polrelid = c.oid and c.relrowsecurity) m order by 1`)})
    from pg_class c where c.oid = ${oid})`
}
