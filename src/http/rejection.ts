import { checkKnown, type Names } from '../core/checks.ts'
import { brand, InvalidOptionError, isBranded } from '../core/errors.ts'
import type { ProtectedCallError } from '../core/rejection.ts'

/** How a rejection looks over HTTP. */
export interface RejectionOptions {
  /**
   * Names the breaker in the body of a rejection. Default false: visitors need not know what you
   * depend on.
   */
  readonly exposeNames?: boolean | undefined
  /**
   * The name under which rejections say in `Proxy-Status` (RFC 9209) who rejected: printable ASCII.
   * Default: they do not say.
   */
  readonly gateway?: string | undefined
}

/**
 * On every response of {@link rejectionResponse}. Anybody can send it, so it counts only from
 * origins that are trusted.
 */
const MARKER = 'resilient-circuit'

const PRINTABLE = /^[ -~]+$/

/**
 * The value of `Proxy-Status` for a gateway of this name.
 * @throws {InvalidOptionError} naming `gateway`
 */
export function proxyStatus(gateway: string): string {
  if (typeof gateway !== 'string' || !PRINTABLE.test(gateway)) {
    throw new InvalidOptionError('gateway', 'one or more printable ASCII characters', gateway)
  }
  // A string of RFC 8941; a token could go without quotes, and need not.
  return `"${gateway.replace(/["\\]/g, '\\$&')}"; error=destination_unavailable`
}

/**
 * A rejection as HTTP says it: 503 with `Retry-After`, and a problem (RFC 9457) as its body. It
 * says `x-should-retry: false`, which the clients of OpenAI and Anthropic obey.
 */
export function rejectionResponse(
  rejection: ProtectedCallError,
  options: RejectionOptions = {},
): Response {
  checkKnown(options, { exposeNames: 1, gateway: 1 } satisfies Names<RejectionOptions>)
  const { resourceKey, namespace, reason, retryAfterMs } = rejection
  const headers = new Headers({
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    [MARKER]: 'rejected',
    // Clients such as OpenAI's repeat a 503, and sleep for as long as Retry-After says before.
    'x-should-retry': 'false',
  })
  if (retryAfterMs !== undefined)
    headers.set('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))))
  if (options.gateway !== undefined) headers.set('proxy-status', proxyStatus(options.gateway))
  const problem = {
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    detail: 'What this request needs is failing, and is left alone for now.',
    ...(options.exposeNames && { resourceKey, namespace, reason }),
  }
  return markRejection(new Response(JSON.stringify(problem), { status: 503, headers }))
}

/**
 * Says of a response, or of what stands for it where a framework copies responses, that it is a
 * breaker's own: it tells nothing about what another breaker protects.
 */
export function markRejection<T extends object>(subject: T): T {
  brand(subject)
  return subject
}

export function isMarked(subject: object): boolean {
  return isBranded(subject)
}

/**
 * Did a breaker make this response: one of this process, or one behind an origin that is trusted to
 * say so?
 */
export function isRejection(response: Response, trusted: ReadonlySet<string>): boolean {
  if (isMarked(response)) return true
  // Without an address nobody knows who says so.
  return (
    trusted.size > 0 &&
    response.headers.has(MARKER) &&
    response.url !== '' &&
    trusted.has(new URL(response.url).origin)
  )
}

/**
 * @throws {InvalidOptionError} naming `trustRejectionsFrom` where one of them is no origin, such as
 * `https://api.example.com`
 */
export function trustedOrigins(origins: readonly string[] = []): ReadonlySet<string> {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new InvalidOptionError(
        'trustRejectionsFrom',
        "a list of origins such as 'https://api.example.com'",
        origin,
      )
    }
  }
  return new Set(origins)
}
