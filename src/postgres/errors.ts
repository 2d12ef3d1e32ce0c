import { isOwnError, ResilientCircuitError } from '../core/errors.ts'
import { foreignText } from './foreign-text.ts'

/** Of what a database that refuses a statement is saying, the meaning that its SQLSTATE has for us. */
const MEANINGS: Readonly<Record<string, StorageError['code']>> = {
  // Serialization failure, deadlock, lock not available.
  40001: 'STORAGE_BUSY',
  '40P01': 'STORAGE_BUSY',
  '55P03': 'STORAGE_BUSY',
  // There is no such table, column, function, type or schema, or a column is of another type.
  '42P01': 'SCHEMA_MISSING',
  42703: 'SCHEMA_MISSING',
  42883: 'SCHEMA_MISSING',
  42704: 'SCHEMA_MISSING',
  '3F000': 'SCHEMA_MISSING',
  42804: 'SCHEMA_MISSING',
  '3D000': 'DATABASE_MISSING',
  28000: 'ACCESS_DENIED',
  '28P01': 'ACCESS_DENIED',
  42501: 'NOT_ALLOWED',
  // A read-only transaction: a replica, or a role that may only read.
  25006: 'NOT_ALLOWED',
  // Ours: the exchange found that it had not written what it wrote.
  RC001: 'NOT_WRITTEN',
}

/** By class, where the state has no meaning of its own: bad data, and a constraint that does not hold. */
const CLASSES: Readonly<Record<string, StorageError['code']>> = { 22: 'BAD_DATA', 23: 'BAD_DATA' }

/** What to do about it. */
const ADVICE: Readonly<Partial<Record<StorageError['code'], string>>> = {
  SCHEMA_MISSING: 'run `resilient-circuit pg-setup` or `drizzle-kit push`',
  DATABASE_MISSING: 'create it, or correct the URL',
  ACCESS_DENIED: 'correct the user or the password in the URL',
  NOT_ALLOWED: '`resilient-circuit doctor` as this role says what it lacks',
}

const UNDEFINED_FUNCTION = '42883'
const INSUFFICIENT_PRIVILEGE = '42501'
/** How far the error below the error is looked for: a chain may end in itself. */
const DEPTH = 10

/** The storage did not do what it was asked. The protected call never sees it. */
export class StorageError extends ResilientCircuitError {
  override readonly name = 'StorageError'
  /**
   * `SCHEMA_MISSING`: the tables are not there, or of another version. `STORAGE_BUSY`: nothing was
   * counted, try again. `BAD_DATA`: the database refuses a value, and will refuse it again.
   * `NOT_WRITTEN`: a trigger, a rule or a row-level security policy of the tables undid a write.
   * `DATABASE_MISSING`, `ACCESS_DENIED` (user or password) and `NOT_ALLOWED` (the role lacks a
   * privilege, or may only read) say what they say. `STORAGE_FAILED`: anything else.
   */
  readonly code:
    | 'SCHEMA_MISSING'
    | 'STORAGE_BUSY'
    | 'BAD_DATA'
    | 'NOT_WRITTEN'
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
  if (isOwnError(error) && 'sqlState' in error) return error as StorageError
  const inner = innermost(error)
  const sqlState = sqlStateOf(inner)
  const said = foreignText(messageOf(inner))
  if (sqlState === undefined) return new StorageError('STORAGE_FAILED', said, undefined)
  const code = MEANINGS[sqlState] ?? CLASSES[sqlState.slice(0, 2)] ?? 'STORAGE_FAILED'
  const advice = ADVICE[code]
  const problem =
    code === 'SCHEMA_MISSING'
      ? `the breaker tables are missing or of another version (${sqlState})`
      : `${said} (${sqlState})`
  const rest = code === 'SCHEMA_MISSING' ? `; the database says: ${said}` : ''
  return new StorageError(code, advice ? `${problem}: ${advice}${rest}` : problem, sqlState)
}

/** Is it that the function is not there, or that this role may not call it? The tables may do then. */
export function isMissingFunction(error: unknown): boolean {
  const sqlState = sqlStateOf(innermost(error))
  return sqlState === UNDEFINED_FUNCTION || sqlState === INSUFFICIENT_PRIVILEGE
}

/** What a driver makes of a refusal that has no message. */
const NO_REASON = /^(undefined|null|\[object Object\]|Error|NeonDbError|[^a-z]{0,9})$/i

/** Where a name has several addresses, the error of a refused connection has a code and no message. */
function messageOf(error: unknown): string {
  if (typeof error === 'string') return error
  const { message, code, name } = Object(error) as Readonly<Record<string, unknown>>
  // A driver that stumbles over an answer throws this itself.
  if (error instanceof TypeError && error.message.startsWith('Cannot '))
    return `the answer cannot be read: ${error.message}`
  for (const text of [message, code, name])
    if (typeof text === 'string' && !NO_REASON.test(text)) return text
  return 'the driver failed without saying why'
}

/** Drizzle wraps what the driver threw, and Neon's driver what `fetch` threw. */
function innermost(error: unknown): unknown {
  let inner = error
  for (let depth = 0; depth < DEPTH && sqlStateOf(inner) === undefined; depth++) {
    if (!(inner instanceof Error)) break
    const below = inner.cause ?? (inner as { readonly sourceError?: unknown }).sourceError
    if (!(below instanceof Error)) break
    inner = below
  }
  return inner
}

function sqlStateOf(error: unknown): string | undefined {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  // No SQLSTATE is of a class with E, but codes of the system are: EPIPE.
  return typeof code === 'string' && /^(?!E)[0-9A-Z]{5}$/.test(code) ? code : undefined
}
