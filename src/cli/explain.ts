import type { DatabaseSettings } from '../env/settings.ts'
import { asStorageError } from '../postgres/errors.ts'
import { placeOf } from './database.ts'

/** What went wrong, and what to do about it. Neither ever shows a password. */
export interface Explanation {
  readonly problem: string
  readonly advice: string | undefined
}

/** @param creates - did the command create or change tables, which their owner may? */
export function explain(error: unknown, database: DatabaseSettings, creates = false): Explanation {
  const { code, message, sqlState } = asStorageError(error)
  const { host, port, name, user, endpoint } = placeOf(database)
  const parts = database.variable.startsWith('RC_DB_') && database.variable !== 'RC_DB_DSN'
  const says = (part: string) => (parts ? part : database.variable)
  switch (code) {
    case 'DATABASE_MISSING':
      return {
        problem: `There is no database ${JSON.stringify(name)} at ${endpoint}.`,
        advice: `Create it, or correct ${says('RC_DB_NAME')}:\n  createdb -h ${host} -p ${port} -U ${user} ${quoted(name)}`,
      }
    case 'ACCESS_DENIED':
      // Its list of who may connect has no line for this role without TLS.
      if (/no encryption/.test(message)) {
        return {
          problem: `PostgreSQL at ${endpoint} lets ${JSON.stringify(user)} in over TLS alone.`,
          advice: parts
            ? 'Set RC_DB_SSLMODE, such as to verify-full.'
            : `Add sslmode to ${database.variable}, such as verify-full.`,
        }
      }
      return {
        problem: `PostgreSQL at ${endpoint} does not let ${JSON.stringify(user)} in (${sqlState}): the user or the password is wrong.`,
        advice: `Correct ${says('RC_DB_USER and RC_DB_PASSWORD')}.`,
      }
    case 'NOT_ALLOWED':
      return {
        // Without the advice of a storage, which knows no commands.
        problem: `The role ${JSON.stringify(user)} lacks a privilege: ${message.split(': `')[0]}.`,
        advice: creates
          ? `As the owner of the database, let it create what is needed, or run this command as the owner:\n  grant create on database ${identifier(name)} to ${identifier(user)};\n  grant create on schema public to ${identifier(user)};`
          : 'What it lacks, and how it gets that, is told by this command with the same settings:\n  resilient-circuit doctor --for operator',
      }
    case 'SCHEMA_MISSING':
      return {
        problem: `${capital(message.split(':')[0]!)}.`,
        advice: 'Create or upgrade them:\n  resilient-circuit pg-setup',
      }
    case 'NOT_WRITTEN':
      return {
        problem: `The database at ${endpoint} did not keep what was written: ${message}.`,
        advice:
          'Nothing was changed. Look for what does so, and take it off these tables:\n  select tgrelid::regclass, tgname from pg_trigger where not tgisinternal;\n  select tablename, rulename from pg_rules;\n  select tablename, policyname, cmd from pg_policies;',
      }
    case 'BAD_DATA':
      return {
        problem: `${endpoint}: ${message}`,
        advice:
          'The database refuses this value, and will refuse it again: look for a constraint of your own on the tables, or an encoding of the database other than UTF8.',
      }
    default:
      return {
        problem: `${endpoint}: ${message}`,
        advice: reachability(error, message, says('RC_DB_HOST and RC_DB_PORT')),
      }
  }
}

function reachability(error: unknown, message: string, variable: string): string | undefined {
  if (
    /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ETIMEDOUT|timeout|fetch failed/i.test(
      `${message} ${codeOf(error)}`,
    )
  ) {
    return `Nothing answers there: is the server running, and does ${variable} name it?`
  }
  if (/SSL|TLS/.test(message))
    return 'The server wants TLS otherwise than the URL says: see its sslmode.'
  return undefined
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : ''
}

const identifier = (name: string): string => `"${name.replaceAll('"', '""')}"`
const quoted = (text: string): string =>
  /^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
