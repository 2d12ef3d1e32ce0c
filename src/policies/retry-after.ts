import { parseHttpDate } from '../breaker/http-date.ts'

/**
 * How long the dependency asks to be left alone, in milliseconds: the error's own `retryAfterMs`,
 * or a `Retry-After` among its `headers` or those of its `response`. Undefined where it does not
 * ask.
 */
export function retryAfterOf(error: unknown, now: number): number | undefined {
  const { retryAfterMs, headers, response } = fields(error)
  if (typeof retryAfterMs === 'number') return retryAfterMs >= 0 ? retryAfterMs : undefined
  const text = header(headers) ?? header(fields(response)['headers'])
  return text === undefined ? undefined : parseRetryAfter(text, now)
}

/**
 * The value of a `Retry-After` header, in milliseconds from `now`: whole seconds, or a date in one
 * of the three forms of RFC 9110, section 5.6.7, all of which are in UTC. Undefined where it is
 * neither.
 */
export function parseRetryAfter(text: string, now: number): number | undefined {
  const value = text.trim()
  if (/^\d+$/.test(value)) return Number(value) * 1_000
  const at = parseHttpDate(value, now)
  return at === undefined ? undefined : Math.max(0, at - now)
}

/** Of fetch's `Headers`, or of a plain record as older clients have it. */
function header(headers: unknown): string | undefined {
  const { get, ...record } = fields(headers)
  if (typeof get === 'function') return asText(get.call(headers, 'retry-after'))
  const name = Object.keys(record).find((key) => key.toLowerCase() === 'retry-after')
  return name === undefined ? undefined : asText(record[name])
}

const asText = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : typeof value === 'number' ? String(value) : undefined

function fields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
