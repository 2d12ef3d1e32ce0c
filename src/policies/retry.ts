import {
  type CallContext,
  type CallOptions,
  type CallPolicy,
  callOptions,
  checkFunction,
  LazyContext,
  wrapWith,
} from '../breaker/call.ts'
import { attempt, type OnNotice, started, warn } from '../breaker/notice.ts'
import { systemRuntime } from '../breaker/system-runtime.ts'
import type { Backoff } from '../core/backoff.ts'
import { checkedInteger, checkFunctions, checkKnown, type Names } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError, ResilientCircuitError } from '../core/errors.ts'
import { isProtectedCallError, ProtectedCallError } from '../core/rejection.ts'
import { DAY_MS } from '../core/settings.ts'
import { retryAfterOf } from './retry-after.ts'

/** Clock, chance and waiting. A breaker's `runtime` is one, too. */
export interface RetryRuntime {
  /** Milliseconds since 1970. */
  now(): number
  /** From 0 up to 1. */
  random(): number
  /** Resolves after so many milliseconds; may reject when the signal aborts, which nobody waits for then. */
  after(ms: number, signal?: AbortSignal): Promise<void>
}

/** What `onRetry` is told before the wait. */
export interface RetryEvent {
  readonly error: unknown
  /** How many attempts were made, from 1. */
  readonly attempts: number
  /** How long it will wait, in milliseconds. */
  readonly delayMs: number
}

/** Options of {@link RetryWithBackoffPolicy}. */
export interface RetryWithBackoffOptions {
  /** How often a call is repeated at most, a whole number from 0. Default 3: four attempts. */
  readonly maxRetries?: number | undefined
  /** How long to wait before each repetition: an `ExponentialDelay`, a `FixedDelay`, or one of your own. Default: not at all. */
  readonly backoff?: Backoff | undefined
  /** Which errors are worth a repetition; any other is thrown as it is. Default: all. */
  readonly shouldHandle?: ((error: unknown) => boolean) | undefined
  /** The longest `Retry-After` of an error that is heeded where it is longer than the backoff, 0 to 24 h. Default `'30s'`. */
  readonly maxRetryAfter?: Duration | undefined
  /** A call will be repeated. It may return a promise, which is not waited for. */
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined
  /** Something a developer should know, such as a hook that failed. Default: a warning on the console. */
  readonly onNotice?: OnNotice | undefined
  /** For tests and simulations. Default: the system's. */
  readonly runtime?: RetryRuntime | undefined
}

const OPTIONS: Names<RetryWithBackoffOptions> = {
  maxRetries: 1,
  backoff: 1,
  shouldHandle: 1,
  maxRetryAfter: 1,
  onRetry: 1,
  onNotice: 1,
  runtime: 1,
}

/** Every attempt failed; `cause` is the last one's error. */
export class RetryLimitReached extends ResilientCircuitError {
  override readonly name = 'RetryLimitReached'
  readonly code = 'RETRY_LIMIT_REACHED'
  /** How many attempts were made. */
  readonly attempts: number

  constructor(attempts: number, cause: unknown) {
    super(attempts === 1 ? 'the only attempt failed' : `all ${attempts} attempts failed`, { cause })
    this.attempts = attempts
  }
}

/** Repeats a call that failed. It never repeats what a breaker rejected, nor sleeps after the last attempt. */
export class RetryWithBackoffPolicy implements CallPolicy {
  readonly acceptsCallOptions: true = true
  readonly #maxRetries: number
  readonly #backoff: Backoff | undefined
  readonly #shouldHandle: (error: unknown) => boolean
  readonly #maxRetryAfterMs: number
  readonly #onRetry: ((event: RetryEvent) => unknown) | undefined
  readonly #onNotice: OnNotice
  readonly #runtime: RetryRuntime

  /** @throws {InvalidOptionError} naming the option, its range and the value */
  constructor(options: RetryWithBackoffOptions = {}) {
    checkKnown(options, OPTIONS)
    const { maxRetries = 3, backoff } = options
    checkedInteger('maxRetries', maxRetries, 0)
    if (backoff !== undefined && typeof backoff?.forAttempt !== 'function') {
      throw new InvalidOptionError(
        'backoff',
        'an ExponentialDelay, a FixedDelay or another object with forAttempt',
        backoff,
      )
    }
    checkFunctions(options, ['shouldHandle', 'onRetry', 'onNotice'])
    this.#maxRetries = maxRetries
    this.#backoff = backoff
    this.#shouldHandle = options.shouldHandle ?? (() => true)
    this.#maxRetryAfterMs = toMilliseconds('maxRetryAfter', options.maxRetryAfter ?? '30s', {
      min: 0,
      max: DAY_MS,
    })
    this.#onRetry = options.onRetry
    this.#onNotice = options.onNotice ?? warn
    this.#runtime = options.runtime ?? systemRuntime
  }

  /**
   * Calls `fn` until it succeeds.
   * @throws {RetryLimitReached} where every attempt failed
   * @throws {ProtectedCallError} where a breaker within rejects, with the last error of an attempt, if any, as its `cause`
   * @throws what `fn` throws where `shouldHandle` says no or the caller's signal aborted; the signal's reason where it ends a wait
   */
  async execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions?: AbortSignal | CallOptions,
  ): Promise<T> {
    checkFunction(fn)
    const { signal } = callOptions(signalOrOptions)
    signal?.throwIfAborted()
    let last: { readonly error: unknown } | undefined
    for (let attempts = 1; ; attempts++) {
      try {
        return await fn(new LazyContext(signal))
      } catch (error) {
        if (isProtectedCallError(error))
          throw last === undefined ? error : because(error, last.error)
        if (
          signal?.aborted ||
          !attempt(this.#onNotice, 'shouldHandle', () => this.#shouldHandle(error))
        )
          throw error
        if (attempts > this.#maxRetries) throw new RetryLimitReached(attempts, error)
        last = { error }
        const delayMs =
          attempt(this.#onNotice, 'backoff', () => this.#delayMs(attempts, error)) ?? 0
        started(this.#onNotice, 'onRetry', () => this.#onRetry?.({ error, attempts, delayMs }))
        signal?.throwIfAborted()
        if (delayMs > 0) await this.#wait(delayMs, signal)
      }
    }
  }

  /** The same function, repeated when it fails: keeps its arguments, `this`, name and types. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => PromiseLike<R> | R,
  ): (this: This, ...args: Args) => Promise<R> {
    return wrapWith(this, fn)
  }

  #delayMs(attempts: number, error: unknown): number {
    const runtime = this.#runtime
    const own = this.#backoff?.forAttempt(attempts, () => runtime.random()) ?? 0
    const asked = Math.min(retryAfterOf(error, runtime.now()) ?? 0, this.#maxRetryAfterMs)
    // A timer fires at once where it is told to wait for more than it can count, and a backoff may be anybody's.
    return Math.min(Math.max(own > 0 ? own : 0, asked), DAY_MS)
  }

  /** Ends at once when the caller goes away, even where the runtime's own waiting does not. */
  async #wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
    if (signal === undefined) return this.#runtime.after(ms)
    let abort = () => {}
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(signal.reason)
    })
    signal.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([this.#runtime.after(ms, signal), aborted])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }
}

/** A rejection that also tells what went wrong before it, if it does not tell so already. */
function because(rejection: ProtectedCallError, cause: unknown): ProtectedCallError {
  return rejection.cause === undefined ? new ProtectedCallError({ ...rejection, cause }) : rejection
}
