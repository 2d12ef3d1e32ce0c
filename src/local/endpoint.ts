import type { IncomingMessage } from 'node:http'
import { type Access, checkAccess } from './access.ts'
import { answerOf } from './answer.ts'
import type { Backend } from './backend.ts'
import { failureOf, HttpError } from './failure.ts'
import { outputOf, parsePayload, transactionHeaders, transactionOf } from './request.ts'
import type { ElementTypes } from './value.ts'

/** Neon's limit, in bytes. */
const MAX_REQUEST = 10 * 1024 * 1024

const ALLOW_ORIGIN = { 'access-control-allow-origin': '*' }
const JSON_TYPE = { 'content-type': 'application/json' }
const PREFLIGHT = {
  ...ALLOW_ORIGIN,
  allow: 'OPTIONS, POST',
  'access-control-allow-headers': [
    'Authorization',
    'Neon-Connection-String',
    'Neon-Raw-Text-Output',
    'Neon-Array-Mode',
    'Neon-Pool-Opt-In',
    'Neon-Batch-Read-Only',
    'Neon-Batch-Isolation-Level',
  ].join(', '),
  'access-control-max-age': '86400',
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Answers one HTTP request as Neon does. Never rejects. `signal` aborts when the client goes away.
 */
export async function reply(
  request: IncomingMessage,
  backend: Backend,
  access: Access,
  signal: AbortSignal,
): Promise<Reply> {
  if (request.url?.split('?')[0] !== '/sql') return unknown
  if (request.method === 'OPTIONS') return { status: 200, headers: PREFLIGHT, body: '' }
  if (request.method !== 'POST') return unknown
  try {
    const { headers, body } = await sql(request, backend, access, signal)
    return { status: 200, headers: { ...JSON_TYPE, ...ALLOW_ORIGIN, ...headers }, body }
  } catch (error) {
    const { status, body } = failureOf(error)
    return { status, headers: { ...JSON_TYPE, ...ALLOW_ORIGIN }, body: JSON.stringify(body) }
  }
}

const unknown: Reply = { status: 400, headers: JSON_TYPE, body: '"query is not supported"' }

async function sql(
  request: IncomingMessage,
  backend: Backend,
  access: Access,
  signal: AbortSignal,
): Promise<Pick<Reply, 'headers' | 'body'>> {
  checkAccess(request.headers['neon-connection-string'], access)
  const transaction = transactionOf(request.headers)
  const output = outputOf(request.headers)
  const { statements, isBatch } = parsePayload(await readBody(request))

  const answer = answerOf(isBatch, output.rawText ? null : await elementTypes(backend, signal))
  const modes = statements.values()
  await backend.run(statements, isBatch ? transaction : null, {
    signal,
    receive: (result) => answer.add(result, modes.next().value?.arrayMode ?? output.arrayMode),
  })
  return { headers: isBatch ? transactionHeaders(transaction) : {}, body: answer.text() }
}

/** @throws {HttpError} 413 above 10 MiB */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > MAX_REQUEST)
      throw new HttpError(413, `request is too large (max is ${MAX_REQUEST} bytes)`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/**
 * Asked for anew each time, because anybody may create types; the driver, which wants raw text,
 * never pays for it.
 */
async function elementTypes(backend: Backend, signal: AbortSignal): Promise<ElementTypes> {
  const types = new Map<number, number>()
  const query = "select oid, typelem from pg_type where typinput = 'array_in'::regproc"
  await backend.run([{ query, params: [] }], null, {
    signal,
    receive: ({ rows }) => {
      for (const [array, element] of rows) types.set(Number(array), Number(element))
    },
  })
  return types
}
