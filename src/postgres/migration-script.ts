import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { CREATE_FUNCTION } from './statements/function.ts'
import { FUNCTION_NAME } from './statements/function-name.ts'

/** Any number will do, so long as it stays. */
const LOCK = 7_261_937_405

export interface ScriptOptions {
  readonly schema: string | undefined
  readonly timeZone: string | undefined
  readonly pruneFunctions: boolean
}

/**
 * The statements of one transaction that does whatever is still to be done, and at last tells `applied` and `notices`. What that is
 * they find out themselves, under the lock: over HTTP nobody could read first and then decide.
 */
export function migrationScript({
  schema,
  timeZone,
  pruneFunctions,
}: ScriptOptions): readonly string[] {
  // One journal for the whole database could not say which of its schemas it speaks of.
  const journalSchema = schema ?? 'drizzle'
  const journal = `"${journalSchema}".__drizzle_migrations`
  return [
    // On an older snapshot, who waited for the lock would not see what was done meanwhile.
    'set transaction isolation level read committed',
    `select pg_advisory_xact_lock(${LOCK})`,
    block(`if to_regnamespace('"${journalSchema}"') is null then create schema "${journalSchema}"; end if;
if to_regclass('${journal}') is null then
  create table ${journal} (id serial primary key, hash text not null, created_at bigint);
end if;`),
    ...(schema === undefined ? [] : [`select set_config('search_path', '"${schema}"', true)`]),
    // Left out, a setting of the role or the database still counts.
    ...(timeZone === undefined
      ? []
      : [REFUSE_ZONE, `select set_config('rc.original_time_zone', '${timeZone}', true)`]),
    `select set_config('rc.applied', '', true), set_config('rc.notice', '', true), set_config('rc.unlike', (${UNLIKE})::text, true)`,
    ...migrations().map(({ tag, when, hash, statements }) =>
      block(`if current_setting('rc.unlike')::boolean or not exists (select from ${journal} where hash = '${hash}') then
${statements.map(execute).join('\n')}
insert into ${journal} (hash, created_at) select '${hash}', ${when} where not exists (select from ${journal} where hash = '${hash}');
perform set_config('rc.applied', current_setting('rc.applied') || E'${tag}\\n', true);
end if;`),
    ),
    block(`if to_regprocedure('${FUNCTION_NAME}(jsonb)') is null then
${execute(CREATE_FUNCTION)}
end if;`),
    ...(pruneFunctions ? [PRUNE] : []),
    `select json_build_object('applied', current_setting('rc.applied'),
  'notices', current_setting('rc.notice'))::text`,
  ]
}

/** Whatever the journal says: is the table gone, the Python library's, or has its command line been at it again? */
const UNLIKE = `
  not exists (select from pg_attribute where attrelid = to_regclass('rc_circuit_breakers') and attname = 'own_state' and not attisdropped)
  or exists (select from pg_trigger where tgrelid = to_regclass('rc_circuit_breakers') and tgname = 'update_rc_circuit_breakers_updated_at')`

/** What {@link REFUSE_ZONE} raises. */
export const ZONE_IS_TOO_LATE = 'RC002'

/**
 * Ends a transaction that was told a time zone for times that already have one. A process of the Python library since 0.5 has read
 * them in the server's zone; only their old type, or the column that it adds, tells. The table that its command line makes has zones
 * from the start.
 */
const REFUSE_ZONE =
  block(`if (select bool_or(attname = 'open_until' and atttypid = 'timestamptz'::regtype)
  and not bool_or(attname = 'own_state')
  and bool_or(attname = 'execution_log' or attname = 'created_at' and atttypid = 'timestamp'::regtype)
  from pg_attribute where attrelid = to_regclass('rc_circuit_breakers') and attnum > 0 and not attisdropped) then
  raise exception using errcode = '${ZONE_IS_TOO_LATE}', message = 'the times of rc_circuit_breakers have a time zone already';
end if;`)

const PRUNE = block(`declare
  other text;
begin
  for other in select oid::regprocedure::text from pg_proc where pronamespace = current_schema()::regnamespace
                  and proname ~ '^rc_exchange_[0-9a-f]{8}$' and proname <> '${FUNCTION_NAME}' loop
    execute 'drop function ' || other;
    perform set_config('rc.notice', concat_ws(E'\\n', nullif(current_setting('rc.notice'), ''), 'dropped ' || other), true);
  end loop;
end;`)

function block(body: string): string {
  return `do $rc_step$\nbegin\n${body}\nend\n$rc_step$`
}

function execute(statement: string): string {
  return `execute $rc_sql$${statement.trim()}$rc_sql$;`
}

interface Migration {
  readonly tag: string
  /** Orders the migrations, and is no time: an application's own, in the same journal, must not look older than ours. */
  readonly when: number
  readonly hash: string
  readonly statements: readonly string[]
}

function migrations(): readonly Migration[] {
  const migrationsFolder = folder()
  const { entries }: { entries: { tag: string }[] } = JSON.parse(
    readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8'),
  )
  return readMigrationFiles({ migrationsFolder }).map(({ sql, folderMillis, hash }, i) => ({
    tag: entries[i]!.tag,
    when: folderMillis,
    hash,
    statements: sql,
  }))
}

/** `drizzle/` stands beside `dist/` in the package, and beside `src/` in its repository. */
function folder(): string {
  for (const path of ['../drizzle', '../../drizzle']) {
    const candidate = fileURLToPath(new URL(path, import.meta.url))
    if (existsSync(`${candidate}/meta/_journal.json`)) return candidate
  }
  throw new Error(
    'the SQL files of resilient-circuit are not there: do not bundle resilient-circuit/migrate',
  )
}
