import type { Statement } from '../database.ts'
import { DO_BLOCK } from './block.ts'
import { installed, type Names } from './names.ts'

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
export function callFunction(request: string, names: Names): Statement {
  return {
    text: `select ${names.fn}(case when s.lock is not null then $1::text::jsonb end)::text
  from (select ${settings(names)} offset 0) s`,
    params: [request],
  }
}

/** The installed form of a read, which takes no lock. With a schema it has to be told where the tables are. */
export function readByFunction(request: string, names: Names): Statement {
  return names.schema === undefined
    ? { text: `select ${names.fn}($1::text::jsonb)::text`, params: [request] }
    : callFunction(request, names)
}

/**
 * The tables-only form: three statements for one transaction, the last of which gives the answer. The block was checked by our tests:
 * the database need not check it again each time.
 */
export function callBlock(
  request: string,
  names: Names,
): readonly [Statement, Statement, Statement] {
  return [
    {
      text: `select set_config('rc.request', $1::text, true), set_config('rc.answer', '', true),
  set_config('check_function_bodies', 'off', true), ${settings(names)}`,
      params: [request],
    },
    { text: DO_BLOCK, params: [] },
    {
      text: `select json_build_object('installed', ${installed(names)}, 'answers', current_setting('rc.answer')::json)::text`,
      params: [],
    },
  ]
}
