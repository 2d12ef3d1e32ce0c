import type { IncomingHttpHeaders } from 'node:http'
import type { Statement } from './backend.ts'
import { HttpError } from './failure.ts'
import { toText } from './parameter.ts'
import { isIsolationLevel, type Transaction } from './transaction.ts'

/** What the body asks for. */
export interface Payload {
  readonly statements: readonly (Statement & { readonly arrayMode: boolean | undefined })[]
  readonly isBatch: boolean
}

/** A flag counts only where it is exactly this. */
const TRUE = 'true'

/** @throws {HttpError} 400 where the isolation level is none */
export function transactionOf(headers: IncomingHttpHeaders): Transaction {
  const level = headers['neon-batch-isolation-level']
  if (level !== undefined && !(typeof level === 'string' && isIsolationLevel(level))) {
    throw new HttpError(400, 'invalid isolation level')
  }
  return {
    ...(level && { isolationLevel: level }),
    readOnly: headers['neon-batch-read-only'] === TRUE,
    deferrable: headers['neon-batch-deferrable'] === TRUE,
  }
}

/** The headers that tell a batch how it ran. */
export function transactionHeaders({
  isolationLevel,
  readOnly,
  deferrable,
}: Transaction): Record<string, string> {
  return {
    ...(isolationLevel && { 'neon-batch-isolation-level': isolationLevel }),
    ...(readOnly && { 'neon-batch-read-only': TRUE }),
    ...(deferrable && { 'neon-batch-deferrable': TRUE }),
  }
}

export function outputOf(headers: IncomingHttpHeaders): {
  readonly arrayMode: boolean
  readonly rawText: boolean
} {
  return {
    arrayMode: headers['neon-array-mode'] === TRUE,
    rawText: headers['neon-raw-text-output'] === TRUE,
  }
}

/** @throws {HttpError} 400 where the body is neither a statement nor a batch */
export function parsePayload(text: string): Payload {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    throw unreadable('it is not JSON')
  }
  if (isRecord(body) && typeof body['query'] === 'string')
    return { statements: [statementOf(body)], isBatch: false }
  if (isRecord(body) && Array.isArray(body['queries']))
    return { statements: body['queries'].map(statementOf), isBatch: true }
  throw unreadable('expected { query, params } or { queries }')
}

function statementOf(value: unknown): Payload['statements'][number] {
  if (!isRecord(value) || typeof value['query'] !== 'string')
    throw unreadable('a query must be a string')
  const { query, params = [], arrayMode = null } = value
  if (!Array.isArray(params)) throw unreadable('params must be an array')
  if (arrayMode !== null && typeof arrayMode !== 'boolean')
    throw unreadable('arrayMode must be true or false')
  const texts = [query, ...params.map(toText)]
  // PostgreSQL's text has no place for half a character, and sending a replacement would store
  // something else.
  if (texts.some((text) => text !== null && /\p{Surrogate}/u.test(text)))
    throw unreadable('lone surrogate')
  return { query, params: texts.slice(1), arrayMode: arrayMode ?? undefined }
}

function isRecord(value: unknown): value is Record<string, unknown> & { query?: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unreadable(why: string): HttpError {
  return new HttpError(400, `could not parse the HTTP request body: ${why}`)
}
