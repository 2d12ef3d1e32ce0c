import { type SQL, sql } from 'drizzle-orm'
import { DO_BLOCK } from './block.ts'
import type { Names } from './names.ts'

/** How long an exchange may wait for a row's lock; past it nothing was counted, and it is tried again. */
const LOCK_TIMEOUT_MS = 1_000

/**
 * Settings for this statement's transaction alone. A statement that only counts may commit asynchronously; the body turns that back
 * where it makes a transition or grants a probe.
 */
const settings = ({ schema }: Names): string => `
  set_config('rc.synchronous_commit', current_setting('synchronous_commit'), true) as before, set_config('synchronous_commit', 'off', true) as commit,
  ${schema === undefined ? '' : `set_config('search_path', '"${schema}"', true) as path, `}set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', true) as lock`

/** The installed form: one statement. The call depends on the settings, so that they are made before it takes a lock. */
export function callFunction(request: string, names: Names): SQL {
  return sql`${sql.raw(`select ${names.fn}(case when s.lock is not null then `)}${request}${sql.raw(
    `::text::jsonb end) as answer from (select ${settings(names)} offset 0) s`,
  )}`
}

/** The installed form of a read, which takes no lock. With a schema it has to be told where the tables are. */
export function readByFunction(request: string, names: Names): SQL {
  return names.schema === undefined
    ? sql`${sql.raw(`select ${names.fn}(`)}${request}${sql.raw('::text::jsonb) as answer')}`
    : callFunction(request, names)
}

/**
 * The tables-only form: three statements for one transaction, the last of which gives the answer. The block was checked by our tests:
 * the database need not check it again each time.
 */
export function callBlock(request: string, names: Names): readonly [SQL, SQL, SQL] {
  return [
    sql`${sql.raw("select set_config('rc.request', ")}${request}${sql.raw(`::text, true), set_config('rc.answer', '', true), set_config('check_function_bodies', 'off', true), ${settings(names)}`)}`,
    sql.raw(DO_BLOCK),
    sql.raw(
      `select current_setting('rc.answer')::json as answer, to_regprocedure('${names.fn}(jsonb)') is not null as installed`,
    ),
  ]
}
