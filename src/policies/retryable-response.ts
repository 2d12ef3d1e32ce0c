/** Too many requests; a gateway without an answer, out of service, or without one in time. */
const WORTH_A_RETRY: readonly unknown[] = [429, 502, 503, 504]

/**
 * Is this a `Response` that says that another try may succeed: status 429, 502, 503 or 504? Its
 * `Retry-After` lengthens the wait, as that of an error does. False for anything else, and where it
 * says `x-should-retry: false`, as the rejection of a breaker does.
 *
 * @example
 * ```ts
 * const retry = new RetryWithBackoffPolicy({ shouldRetryResult: retryableResponse })
 * const response = await retry.execute(({ signal }) => fetch(url, { signal }))
 * ```
 */
export function retryableResponse(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers } = value as Partial<Response>
  return WORTH_A_RETRY.includes(status) && headers?.get?.('x-should-retry') !== 'false'
}

/** Nobody will read this response's body: until it is read or cancelled it holds its connection. */
export function discard(value: unknown): void {
  if (typeof value !== 'object' || value === null || !('headers' in value)) return
  const { body, bodyUsed } = value as Partial<Response>
  if (!bodyUsed && typeof body?.cancel === 'function') body.cancel().catch(() => {})
}
