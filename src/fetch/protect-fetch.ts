import type { CallContext, CallOptions } from '../breaker/call.ts'
import {
  type CallResult,
  CallTimeoutError,
  type Classification,
  isGivenUp,
} from '../breaker/classify.ts'
import { attempt, hookFailed, warn } from '../breaker/notice.ts'
import { withTimeLimit } from '../breaker/time-limit.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { isProtectedCallError } from '../core/rejection.ts'
import { computedKey } from '../http/computed-key.ts'
import { LiveBreakers } from '../http/live-breakers.ts'
import { isRejection, markRejection } from '../http/rejection.ts'
import { toldOnce } from '../http/told-once.ts'
import { parseRetryAfter } from '../policies/retry-after.ts'
import { type FetchFunction, type ProtectFetchOptions, resolve } from './options.ts'
import { describe, type Input, signalOf } from './request.ts'
import { withSignal } from './with-signal.ts'

/**
 * What keeps work going behind a response: a Worker's `ctx`, or anything else with its `waitUntil`.
 */
export interface RequestLifetime {
  waitUntil(work: Promise<unknown>): void
}

/**
 * The same `fetch`, protected: its signature, its types, and its properties. All that one {@link
 * protectFetch} makes share their breakers, so one may be made for each incoming request, with that
 * request's `lifetime`. `within` is the call that its requests are part of, such as
 * `c.var.circuitCall` behind Hono's middleware: where that call is of the same breaker, it counts
 * alone.
 */
export type Protect = <F extends FetchFunction>(
  fetch: F,
  lifetime?: RequestLifetime,
  within?: CallContext,
) => F

/**
 * Puts circuit breakers before a `fetch`, one for each host: where a host keeps failing, requests
 * to it are rejected at once, for the whole fleet, and probes go out until it works again.
 *
 * A response counts once its headers are here, and its body is left alone. A request whose caller
 * gives up says nothing about the host, but an `AbortSignal.timeout` that runs out does. Many
 * clients end their own time limit with a plain abort: give the limit to `timeout` instead.
 *
 * @param options - those of a `CircuitProtectorPolicy`, and:
 * @param [options.key=(request) => request.url.host] - which breaker a request belongs to
 * @param [options.failureLimit=fraction(5, 10)] - when to trip
 * @param [options.isFailure] - is this response or error a failure? Default: errors, 429, and 500
 * and more
 * @param [options.retryAfter='extend'] - what a failure with `Retry-After` does: it lengthens the
 * cooldown, or opens at once
 * @param [options.maxRetryAfter='1h'] - the longest such wish that is heeded
 * @param [options.timeout] - how long a request may take until its headers are here
 * @param [options.fallback] - answers a rejected request; default: it throws the
 * `ProtectedCallError`
 * @param [options.maxBreakers=1000] - how many breakers are kept
 * @param [options.maxKeys=1000] - how many different keys an isolate keeps in one storage within a
 * day
 * @param [options.trustRejectionsFrom=[]] - origins whose rejections are believed, and so are no
 * failures
 * @returns what protects a `fetch`
 * @throws {InvalidOptionError} naming the option, its range and the value
 *
 * @example
 * ```ts
 * const protect = protectFetch({ storage: neonStorage(env.DATABASE_URL), retryAfter: 'open', timeout: '10s' })
 *
 * // Anywhere a fetch goes.
 * const safeFetch = protect(fetch)
 * const response = await safeFetch('https://api.example.com/charges', { method: 'POST', body })
 *
 * // In a Worker, so that reports outlive the response.
 * export default {
 *   fetch: (request, env, ctx) => protect(fetch, ctx)('https://api.example.com/'),
 * }
 * ```
 */
export function protectFetch(options: ProtectFetchOptions = {}): Protect {
  const { storage, timeoutMs, trusted, policy, runtime } = resolve(options)
  const { key = hostOf, isFailure = isError, fallback, background, onNotice = warn } = options
  const breakers = new LiveBreakers(policy, options, onNotice, runtime.now)
  const once = toldOnce(onNotice)

  const keyOf = (input: Input, init: RequestInit | undefined) =>
    computedKey(once, 'key', () => key(describe(input, init)) ?? null)

  const fails = (result: Response | Error): boolean =>
    attempt(onNotice, 'isFailure', () => isFailure(result)) ?? isError(result)

  const classify = (result: CallResult, signal: AbortSignal | undefined): Classification => {
    if (!result.ok) {
      const { error } = result
      if (isProtectedCallError(error) || isGivenUp(signal)) return 'ignored'
      return error instanceof Error && !fails(error) ? 'success' : 'failure'
    }
    const response = result.value as Response
    if (isRejection(response, trusted)) return 'ignored'
    if (!fails(response)) return 'success'
    const retryAfterMs = parseRetryAfter(response.headers.get('retry-after') ?? '', runtime.now())
    return retryAfterMs === undefined ? 'failure' : { outcome: 'failure', retryAfterMs }
  }

  return <F extends FetchFunction>(
    fetch: F,
    lifetime?: RequestLifetime,
    within?: CallContext,
  ): F => {
    if (typeof fetch !== 'function') throw new InvalidOptionError('fetch', 'a function', fetch)
    const call = fetch as unknown as (input: Input, init?: RequestInit) => Promise<Response>
    const waitUntil = lifetime && ((work: Promise<unknown>) => lifetime.waitUntil(work))
    const keep = waitUntil ?? (typeof background === 'function' ? background : () => {})

    const protectedFetch = async (input: Input, init?: RequestInit): Promise<Response> => {
      const signal = signalOf(input, init)
      // Such a request never leaves: it has no use for a probe.
      const resourceKey = signal?.aborted ? undefined : keyOf(input, init)
      if (resourceKey === undefined) return call(input, init)

      const breaker = breakers.get(storage, resourceKey, true, keep)
      let admitted = false
      const send = (): Promise<Response> => {
        admitted = true
        if (timeoutMs === undefined) return call(input, init)
        return withTimeLimit((limited) => call(input, withSignal(init, limited)), {
          ms: timeoutMs,
          caller: signal,
          runtime,
          error: () => new CallTimeoutError(resourceKey, timeoutMs),
          onBadSignal: (error) => hookFailed(onNotice, 'signal', error),
        })
      }
      const callOptions: CallOptions = {
        waitUntil,
        within,
        classify: (result) => classify(result, signal),
        ...(signal && { signal }),
      }
      try {
        return await breaker.execute(send, callOptions)
      } catch (error) {
        if (fallback === undefined || admitted || !isProtectedCallError(error)) throw error
        return markRejection(await fallback(error))
      } finally {
        breakers.ended(breaker, keep)
      }
    }
    return Object.defineProperties(
      protectedFetch,
      Object.getOwnPropertyDescriptors(fetch),
    ) as unknown as F
  }
}

/** Addresses such as `data:` have no host, and nothing that could fail. */
function hostOf({ url }: { readonly url: URL }): string | undefined {
  return url.host === '' ? undefined : url.host
}

function isError(result: Response | Error): boolean {
  return result instanceof Error || result.status === 429 || result.status >= 500
}
