import { ResilientCircuitError } from '../core/errors.ts'

/** What a database that refuses a statement is saying, by the meaning that its SQLSTATE has for us. */
const UNDEFINED_TABLE = '42P01'
const UNDEFINED_COLUMN = '42703'
const UNDEFINED_FUNCTION = '42883'
/** Serialization failure, deadlock, lock not available: nothing was counted. */
const NOT_COUNTED: ReadonlySet<string> = new Set(['40001', '40P01', '55P03'])

/** The storage did not do what it was asked. The protected call never sees it. */
export class StorageError extends ResilientCircuitError {
  override readonly name = 'StorageError'
  /**
   * `SCHEMA_MISSING`: the tables are not there, or of another version. `STORAGE_BUSY`: nothing was counted, try again.
   * `BAD_DATA`: the database refused a value. `STORAGE_FAILED`: anything else.
   */
  readonly code: 'SCHEMA_MISSING' | 'STORAGE_BUSY' | 'BAD_DATA' | 'STORAGE_FAILED'
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
  if (sqlState === UNDEFINED_TABLE || sqlState === UNDEFINED_COLUMN) {
    return new StorageError(
      'SCHEMA_MISSING',
      `the breaker tables are missing or of another version (${sqlState}): run \`resilient-circuit pg-setup\` or \`drizzle-kit push\``,
      sqlState,
    )
  }
  const code =
    sqlState === undefined
      ? 'STORAGE_FAILED'
      : NOT_COUNTED.has(sqlState)
        ? 'STORAGE_BUSY'
        : /^2[23]/.test(sqlState)
          ? 'BAD_DATA'
          : 'STORAGE_FAILED'
  return new StorageError(code, redacted(inner instanceof Error ? inner.message : String(inner)), sqlState)
}

export function isUndefinedFunction(error: unknown): boolean {
  return sqlStateOf(innermost(error)) === UNDEFINED_FUNCTION
}

/** Drizzle wraps what the driver threw. */
function innermost(error: unknown): unknown {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error && sqlStateOf(inner) === undefined) inner = inner.cause
  return inner
}

function sqlStateOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

/** A text without the passwords of the connection strings in it. */
export function redacted(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:@/]*):[^\s]*@/g, '$1:***@').replace(/(password=)\S+/gi, '$1***')
}
