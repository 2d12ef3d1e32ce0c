/** A request that fails before, or apart from, its statements. */
export class HttpError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** What the body of an error always has; null where PostgreSQL said nothing. */
const FIELDS = [
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'severity',
  'where',
  'table',
  'column',
  'schema',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const

export interface Failure {
  readonly status: number
  readonly body: { readonly message: string } & Readonly<
    Record<(typeof FIELDS)[number], string | null>
  >
}

/**
 * An error as the driver knows it: PostgreSQL's own word is a 400, a connection that broke is a
 * 500.
 */
export function failureOf(error: unknown): Failure {
  if (isDatabaseError(error)) return { status: 400, body: bodyOf(error.message, error) }
  if (error instanceof HttpError) return { status: error.status, body: bodyOf(error.message, {}) }
  // What a library says of a connection is not ours to publish; what the system calls it is enough.
  const reason = isRecord(error) && typeof error['code'] === 'string' ? ` (${error['code']})` : ''
  return { status: 500, body: bodyOf(`the connection to the database failed${reason}`, {}) }
}

function bodyOf(message: string, error: Readonly<Record<string, unknown>>): Failure['body'] {
  const fields = FIELDS.map((name) => [name, typeof error[name] === 'string' ? error[name] : null])
  return { message, ...Object.fromEntries(fields) }
}

/**
 * node-postgres and PGlite each have a class of their own for what the server's ErrorResponse says.
 */
function isDatabaseError(error: unknown): error is Error & Record<string, unknown> {
  return (
    error instanceof Error &&
    isRecord(error) &&
    typeof error['severity'] === 'string' &&
    typeof error['code'] === 'string'
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
