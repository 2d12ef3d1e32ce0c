import type { Context, Env, MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { CallContext, CallOptions } from '../breaker/call.ts'
import type { CircuitProtectorPolicy } from '../breaker/circuit-protector.ts'
import type { CallResult, Classification } from '../breaker/classify.ts'
import { attempt, tell } from '../breaker/notice.ts'
import { isOwnError } from '../core/errors.ts'
import { isProtectedCallError, type ProtectedCallError } from '../core/rejection.ts'
import { computedKey } from '../http/computed-key.ts'
import { LiveBreakers } from '../http/live-breakers.ts'
import { markRejection, rejectionResponse } from '../http/rejection.ts'
import { storageFrom } from '../http/storage-source.ts'
import { toldOnce } from '../http/told-once.ts'
import type { AnyEnv, UnknownEnv } from '../http/unknown-env.ts'
import { type CircuitBreakerOptions, resolve } from './options.ts'
import { isServerError, outcomeOf, outcomeOfThrown } from './outcome.ts'

/**
 * The variables that {@link circuitBreaker} sets, for `new Hono<{ Variables:
 * CircuitBreakerVariables }>()`.
 */
export interface CircuitBreakerVariables {
  /**
   * The breaker that admitted this request; of several, the innermost. Undefined where a request
   * runs unprotected.
   */
  circuitBreaker?: CircuitProtectorPolicy | undefined
  /**
   * The call that this request is, for `within` of what it calls: see `CallOptions.within`.
   * Undefined where a request runs unprotected.
   */
  circuitCall?: CallContext | undefined
}

/**
 * Circuit breaker middleware for Hono: where what the routes behind it need keeps failing, it
 * answers 503 in their place, for the whole fleet, and probes until they work again.
 *
 * The final status decides: 500 and more is a failure. No stream is buffered, so one that breaks
 * off after its head was sent is not seen to: for such, `CircuitProtectorPolicy.acquire()` gives a
 * permit that is settled by hand.
 *
 * @typeParam E - the environment of the app, as in `new Hono<E>()`. Without it the compiler knows
 * nothing of `c.env` in the options
 * @param options - those of a `CircuitProtectorPolicy`, and:
 * @param options.resourceKey - what is protected, or a function of the request that says so
 * @param options.storage - a storage, a function that makes one once per isolate, or `{ key, create
 * }`; default: none, each breaker keeps its own state
 * @param [options.failureLimit=fraction(5, 10)] - when to trip
 * @param [options.isFailure=(c) => c.res.status >= 500] - is the final answer a failure?
 * @param [options.fallback] - answers a rejected request; default: 503 with `Retry-After`, and a
 * problem (RFC 9457)
 * @param [options.skip] - lets a request pass beside the breaker
 * @param [options.maxBreakers=1000] - how many breakers of a computed `resourceKey` are kept
 * @param [options.maxKeys=1000] - how many different computed keys an isolate keeps in one storage
 * within a day
 * @param [options.trustRejectionsFrom=[]] - origins whose rejections are believed, and so are no
 * failures
 * @param [options.exposeNames=false] - names the breaker in the body of a rejection
 * @param [options.gateway] - the name that rejections carry in `Proxy-Status` (RFC 9209)
 * @returns the middleware
 * @throws {InvalidOptionError} naming the option, its range and the value
 *
 * @example
 * ```ts
 * type Environment = { Bindings: { DATABASE_URL: string } }
 * const app = new Hono<Environment>()
 *
 * app.use(
 *   '/pay/*',
 *   circuitBreaker<Environment>({
 *     resourceKey: 'payment_service',
 *     storage: (c) => neonStorage(c.env.DATABASE_URL),
 *     cooldown: '30s',
 *   }),
 * )
 * app.post('/pay/:order', (c) => fetch(`https://payments.example.com/${c.req.param('order')}`, { method: 'POST' }))
 * ```
 */
export const circuitBreaker: <E extends Env = UnknownEnv>(
  options: CircuitBreakerOptions<E>,
) => MiddlewareHandler = (options: CircuitBreakerOptions<AnyEnv>) => {
  const resolved = resolve(options)
  const { resourceKey, storage, trusted, onNotice, now, policy } = resolved
  const {
    isFailure = isServerError,
    shouldHandle = () => true,
    classify,
    fallback,
    skip,
    exposeNames = false,
    gateway,
  } = options
  const isComputed = typeof resourceKey === 'function'
  const breakers = new LiveBreakers(policy, resolved, onNotice, now)
  const once = toldOnce(onNotice)
  const isConstant = !isComputed && !(typeof storage === 'object' && 'create' in storage)
  let constant: CircuitProtectorPolicy | undefined

  const ask = <T>(name: string, fn: () => T): T | undefined => attempt(onNotice, name, fn)

  const keyOf = (c: Context): string | undefined =>
    typeof resourceKey === 'string'
      ? resourceKey
      : computedKey(once, 'resourceKey', () => resourceKey(c))

  const breakerOf = (c: Context): CircuitProtectorPolicy | undefined => {
    if (constant !== undefined) return constant
    const key = keyOf(c)
    if (key === undefined) return undefined
    try {
      const place = storage && storageFrom(storage, c)
      const breaker = breakers.get(place, key, isComputed, (work) => keep(c, work))
      if (isConstant) constant = breaker
      return breaker
    } catch (error) {
      // A driver's own message may hold the connection string.
      const why = isOwnError(error, 'INVALID_OPTION') ? `: ${error.message}` : ''
      const message = `there is no storage: a request ran unprotected${why}`
      return tell(once, { code: 'NO_STORAGE', message, error })
    }
  }

  const rules = {
    isFailure: (c: Context) => ask('isFailure', () => isFailure(c)) ?? isServerError(c),
    shouldHandle: (error: unknown) => ask('shouldHandle', () => shouldHandle(error)) ?? true,
    trusted,
    now,
  }

  const reject = async (c: Context, rejection: ProtectedCallError): Promise<Response> => {
    const response =
      (await fallback?.(c, rejection)) ??
      rejectionResponse(rejection, { exposeNames, ...(gateway && { gateway }) })
    // Hono copies a response where headers were set before it, so the request stands for it.
    markRejection(c)
    return markRejection(response)
  }

  return async function circuitBreaker(c, next) {
    if (skip !== undefined && ask('skip', () => skip(c))) return next()
    const breaker = breakerOf(c)
    if (breaker === undefined) return next()
    let admitted = false
    let answered = false
    const judge = (result: CallResult): Classification | undefined =>
      ask('classify', () => classify?.(result)) ??
      (answered ? outcomeOf(c, rules) : result.ok ? undefined : outcomeOfThrown(c, result.error))
    try {
      await breaker.execute(async (call) => {
        admitted = true
        c.set('circuitBreaker', breaker)
        c.set('circuitCall', call)
        await next()
        answered = true
        // Hono has answered a thrown error by now; the breaker's hooks should see it all the same.
        if (c.error !== undefined) throw c.error
        return c.finalized ? c.res : undefined
      }, new RequestCall(c, judge))
    } catch (error) {
      if (answered) return
      if (!admitted && isProtectedCallError(error)) return reject(c, error)
      // The client went away before its turn came: nobody reads this.
      if (!admitted && c.req.raw.signal?.aborted) return new Response(null, { status: 499 })
      if (isOwnError(error, 'CALL_TIMEOUT'))
        throw new HTTPException(504, { message: 'Gateway Timeout', cause: error })
      throw error
    } finally {
      breakers.ended(breaker, (work) => keep(c, work))
    }
  }
}

/**
 * Looks for `waitUntil` when it is needed. A class, for a literal with a getter has a shape of its
 * own each time, which V8 is slow at.
 */
class RequestCall implements CallOptions {
  readonly #c: Context
  readonly classify: (result: CallResult) => Classification | undefined

  constructor(c: Context, classify: RequestCall['classify']) {
    this.#c = c
    this.classify = classify
  }

  /** Where the same breaker stands before this request already, that one counts it. */
  get within(): CallOptions['within'] {
    return this.#c.get('circuitCall')
  }

  get waitUntil(): CallOptions['waitUntil'] {
    return waitUntilOf(this.#c)
  }

  /** The client's: it aborts when that goes away, where the platform says so. */
  get signal(): AbortSignal {
    return this.#c.req.raw.signal
  }
}

/**
 * What keeps work going behind a response, where the platform has such a thing. Elsewhere Hono's
 * getter throws.
 */
function waitUntilOf(c: Context): ((work: Promise<unknown>) => void) | undefined {
  try {
    const context = c.executionCtx
    return context.waitUntil && ((work) => context.waitUntil(work))
  } catch {
    return undefined
  }
}

function keep(c: Context, work: Promise<unknown>): void {
  waitUntilOf(c)?.(work)
}
