import { foreignText } from './foreign-text.ts'

/** The longest answer that is read, in bytes. Neon's own are at most 10 MiB of rows. */
const MOST_BYTES = 16 * 1024 * 1024
/** As much of an error page as is worth reading, in bytes. */
const ERROR_BYTES = 4 * 1024

/** What a request for SQL is made with. Its `signal` ends it. */
export interface SqlRequest {
  readonly [key: PropertyKey]: unknown
}

export type Fetch = (url: string, init: SqlRequest) => Promise<Response>

/** The text of an answer, and whether it is the database's refusal. */
export interface SqlAnswer {
  readonly text: string
  readonly refused: boolean
}

/**
 * Asks an endpoint for SQL. The request holds a password, so a redirect is an error and is not
 * followed; and what answers may be anything, so that no more than a limit is read.
 */
export async function askSql(fetch: Fetch, url: string, init: SqlRequest): Promise<SqlAnswer> {
  const response = await fetch(url, { ...init, redirect: 'manual' })
  const { status } = response
  if ((status >= 300 && status < 400) || response.type === 'opaqueredirect') {
    response.body?.cancel().catch(() => {})
    throw new Error(
      `the SQL endpoint redirects (HTTP status ${status}), which is not followed: correct the endpoint or the host of the URL`,
    )
  }
  // 400 is the database's own refusal; what else is no success comes from what stands before it.
  const refused = status === 400
  if (!response.ok && !refused) {
    const { text } = await read(response, ERROR_BYTES)
    throw new Error(`server error (HTTP status ${status}): ${foreignText(text)}`)
  }
  const { text, whole } = await read(response, MOST_BYTES)
  if (!whole) throw new Error(`the SQL endpoint answered with more than ${MOST_BYTES} bytes`)
  if (!refused && !text.includes('"rows"'))
    throw new Error(`the SQL endpoint answered with no result: ${foreignText(text)}`)
  if (refused && refusalIn(text) === undefined)
    throw new Error(`server error (HTTP status 400): ${foreignText(text)}`)
  return { text, refused }
}

/** What a database says that refuses a statement; undefined where this is no such answer. */
export function refusalIn(text: string): { message: string; code?: string } | undefined {
  try {
    const refusal = JSON.parse(text)
    return typeof refusal.message === 'string' ? refusal : undefined
  } catch {
    return undefined
  }
}

/** As much of a body as was asked for, or a little more. */
async function read(response: Response, most: number): Promise<{ text: string; whole: boolean }> {
  const reader = response.body?.getReader?.()
  if (reader === undefined) {
    // Not every function that stands in for `fetch` answers with a stream.
    const text = await response.text()
    return { text: text.slice(0, most), whole: text.length <= most }
  }
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return { text: text + decoder.decode(), whole: true }
    bytes += value.length
    text += decoder.decode(value, { stream: true })
    if (bytes > most) {
      reader.cancel().catch(() => {})
      return { text, whole: false }
    }
  }
}
