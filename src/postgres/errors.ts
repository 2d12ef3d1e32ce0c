import { ResilientCircuitError } from '../core/errors.ts'

/** What a database that refuses a statement is saying, by the meaning that its SQLSTATE has for us. */
const UNDEFINED_TABLE = '42P01'
const UNDEFINED_COLUMN = '42703'
const UNDEFINED_FUNCTION = '42883'
const INSUFFICIENT_PRIVILEGE = '42501'
const UNKNOWN_DATABASE = '3D000'
/** Invalid authorization, invalid password. */
const NOT_AUTHENTICATED: ReadonlySet<string> = new Set(['28000', '28P01'])
/** Serialization failure, deadlock, lock not available: nothing was counted. */
const NOT_COUNTED: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])

/** The storage did not do what it was asked. The protected call never sees it. */
export class StorageError extends ResilientCircuitError {
  override readonly name = 'StorageError'
  /**
   * `SCHEMA_MISSING`: the tables are not there, or of another version. `STORAGE_BUSY`: nothing was counted, try again.
   * `BAD_DATA`: the database refused a value. `DATABASE_MISSING`, `ACCESS_DENIED` (user or password) and `NOT_ALLOWED` (the role
   * lacks a privilege) say what they say. `STORAGE_FAILED`: anything else.
   */
  readonly code:
    | 'SCHEMA_MISSING'
    | 'STORAGE_BUSY'
    | 'BAD_DATA'
    | 'DATABASE_MISSING'
    | 'ACCESS_DENIED'
    | 'NOT_ALLOWED'
    | 'STORAGE_FAILED'
  /** PostgreSQL's five characters, where the database itself answered. */
  readonly sqlState: string | undefined

  constructor(code: StorageError['code'], message: string, sqlState: string | undefined) {
    super(message)
    this.code = code
    this.sqlState = sqlState
  }
}

/** A driver's error as ours. The driver's own never leaves: its message may hold the connection string. */
export function asStorageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  const inner = innermost(error)
  const sqlState = sqlStateOf(inner)
  const said = redacted(messageOf(inner))
  const failure = (code: StorageError['code'], message: string) =>
    new StorageError(code, message, sqlState)
  if (sqlState === undefined) return failure('STORAGE_FAILED', said)
  if (sqlState === UNDEFINED_TABLE || sqlState === UNDEFINED_COLUMN) {
    return failure(
      'SCHEMA_MISSING',
      `the breaker tables are missing or of another version (${sqlState}): run \`resilient-circuit pg-setup\` or \`drizzle-kit push\``,
    )
  }
  if (sqlState === UNKNOWN_DATABASE)
    return failure('DATABASE_MISSING', `${said} (${sqlState}): create it, or correct the URL`)
  if (NOT_AUTHENTICATED.has(sqlState)) {
    return failure(
      'ACCESS_DENIED',
      `${said} (${sqlState}): correct the user or the password in the URL`,
    )
  }
  if (sqlState === INSUFFICIENT_PRIVILEGE) {
    return failure(
      'NOT_ALLOWED',
      `${said} (${sqlState}): grant this to the role, or use the owner of the tables`,
    )
  }
  if (NOT_COUNTED.has(sqlState)) return failure('STORAGE_BUSY', said)
  return failure(/^2[23]/.test(sqlState) ? 'BAD_DATA' : 'STORAGE_FAILED', said)
}

export function isUndefinedFunction(error: unknown): boolean {
  return sqlStateOf(innermost(error)) === UNDEFINED_FUNCTION
}

/** Where a name has several addresses, the error of a refused connection has a code and no message. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message || ('code' in error && String(error.code)) || error.name
}

/** Drizzle wraps what the driver threw. */
function innermost(error: unknown): unknown {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error && sqlStateOf(inner) === undefined)
    inner = inner.cause
  return inner
}

function sqlStateOf(error: unknown): string | undefined {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** A text without the passwords of the connection strings in it. */
export function redacted(text: string): string {
  return text
    .replace(/(\w+:\/\/[^\s:@/]*):[^\s]*@/g, '$1:***@')
    .replace(/(password=)\S+/gi, '$1***')
}
