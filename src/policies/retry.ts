import {
  type CallContext,
  type CallOptions,
  type CallPolicy,
  callOptions,
  checkFunction,
  LazyContext,
  wrapWith,
} from '../breaker/call.ts'
import { CallTimeoutError } from '../breaker/classify.ts'
import { attempt, hookFailed, started } from '../breaker/notice.ts'
import { type Runtime, unlessAborted } from '../breaker/runtime.ts'
import { withTimeLimit } from '../breaker/time-limit.ts'
import { isBranded } from '../core/errors.ts'
import { DAY_MS } from '../core/settings.ts'
import { retryAfterOf } from './retry-after.ts'
import { TokenBucket } from './retry-budget.ts'
import { type Call, type Ended, settled } from './retry-call.ts'
import { RetryLimitReached, type RetryStop } from './retry-limit.ts'
import {
  type ResolvedRetryOptions,
  type RetryContext,
  type RetryWithBackoffOptions,
  resolveRetryOptions,
} from './retry-options.ts'
import { because, isRejection } from './retry-rejection.ts'
import { discard } from './retryable-response.ts'
import { breakersIn, isStrained } from './strain.ts'

/**
 * Repeats a call that failed. It never repeats what a breaker rejected, nor sleeps after the last
 * attempt. A `budget` keeps the retries of many calls from becoming a storm.
 */
export class RetryWithBackoffPolicy implements CallPolicy {
  readonly acceptsCallOptions: true = true
  readonly #given: RetryWithBackoffOptions
  readonly #options: ResolvedRetryOptions

  /** @throws {InvalidOptionError} naming the option, its range and the value */
  constructor(options: RetryWithBackoffOptions = {}) {
    this.#options = resolveRetryOptions(options)
    this.#given = { ...options }
  }

  /**
   * Calls `fn` until it succeeds, or returns what is not worth a repetition.
   * @returns what `fn` returned last, whatever it is worth
   * @throws {RetryLimitReached} where every attempt failed, and `rethrow` is not `'last'`
   * @throws {ProtectedCallError} where a breaker within rejects, with the last error of an attempt,
   * if any, as its `cause`
   * @throws {CallTimeoutError} where `rethrow` is `'last'` and `totalTimeout` ended the first
   * attempt
   * @throws what `fn` throws where `shouldHandle` says no or the caller's signal aborted; the
   * signal's reason where it ends a wait
   */
  execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions?: AbortSignal | CallOptions,
  ): Promise<T> {
    const { totalTimeoutMs, measures, runtime } = this.#options
    const begun = measures ? runtime.monotonic() : 0
    const call = { begun, attempts: 0, last: undefined, delayMs: undefined }
    // Not async itself: a promise within a promise would make each call wait for nothing.
    return totalTimeoutMs === undefined
      ? this.#repeat(fn, signalOrOptions, call)
      : this.#limited(fn, signalOrOptions, call, totalTimeoutMs)
  }

  /** The same function, repeated when it fails: keeps its arguments, `this`, name and types. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => PromiseLike<R> | R,
  ): (this: This, ...args: Args) => Promise<R> {
    return wrapWith(this, fn)
  }

  /**
   * What a {@link SafetyNet} runs that has `inner` within this policy: the same, with an eye on the
   * breakers there.
   */
  around(inner: readonly object[]): RetryWithBackoffPolicy {
    const unless = breakersIn(inner)
    // A class made from this one may do more than its options say.
    const isPlain = this.constructor === RetryWithBackoffPolicy
    if (!isPlain || this.#given.unless !== undefined || unless.length === 0) return this
    const budget = this.#options.budget ?? false
    return new RetryWithBackoffPolicy({ ...this.#given, unless, budget })
  }

  async #repeat<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions: AbortSignal | CallOptions | undefined,
    call: Call,
  ): Promise<T> {
    checkFunction(fn)
    const { signal } = callOptions(signalOrOptions)
    signal?.throwIfAborted()
    const { onNotice, runtime, maxRetries } = this.#options
    for (;;) {
      let ended: Ended<T>
      call.attempts++
      try {
        ended = { ok: true, value: await fn(new LazyContext(signal)) }
      } catch (error) {
        if (isRejection(error)) throw because(error, call.last)
        ended = { ok: false, error }
        call.last = { error }
      }
      const isAnswer = !ended.ok || !isBranded(ended.value)
      if (isAnswer && call.attempts === 1) this.#deposit()
      if (signal?.aborted || !this.#isWorthIt(ended, call)) return settled(ended)
      const delayMs = call.attempts > maxRetries ? 0 : this.#delayMs(ended, call)
      const stop = this.#stop(call, delayMs)
      if (stop !== undefined) return this.#giveUp(ended, call, stop)
      const event = { ...this.#told(ended, call), delayMs }
      started(onNotice, 'onRetry', () => this.#options.onRetry?.(event))
      let isGivenUp = true
      try {
        signal?.throwIfAborted()
        if (delayMs > 0) await wait(delayMs, signal, runtime)
        isGivenUp = false
      } finally {
        if (isGivenUp && ended.ok) discard(ended.value)
      }
      if (this.#isStrained(call)) return this.#giveUp(ended, call, 'BREAKER')
      if (ended.ok) discard(ended.value)
    }
  }

  /**
   * The same with an end to it: the attempt that runs then is given up, whether `fn` heeds its
   * signal or not.
   */
  async #limited<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions: AbortSignal | CallOptions | undefined,
    call: Call,
    ms: number,
  ): Promise<T> {
    checkFunction(fn)
    const { signal: caller } = callOptions(signalOrOptions)
    caller?.throwIfAborted()
    const { runtime, onNotice } = this.#options
    let overdue: CallTimeoutError | undefined
    try {
      return await withTimeLimit((signal) => this.#repeat(fn, signal, call), {
        ms,
        caller,
        runtime,
        error: () => {
          overdue = new CallTimeoutError(undefined, ms)
          return overdue
        },
        onBadSignal: (error) => hookFailed(onNotice, 'signal', error),
      })
    } catch (error) {
      if (overdue === undefined || error !== overdue) throw error
      return this.#giveUp({ ok: false, error: call.last?.error ?? error }, call, 'TOTAL_TIMEOUT')
    }
  }

  #deposit(): void {
    const { budget, onNotice } = this.#options
    if (budget instanceof TokenBucket) budget.deposit()
    else if (budget !== undefined) attempt(onNotice, 'budget', () => budget.deposit())
  }

  #isWorthIt(ended: Ended<unknown>, call: Call): boolean {
    const { shouldHandle, shouldRetryResult, onNotice } = this.#options
    if (!ended.ok) {
      if (shouldHandle === undefined) return true
      const ask = () => shouldHandle(ended.error, this.#context(call))
      return attempt(onNotice, 'shouldHandle', ask) ?? false
    }
    // The answer of a breaker in the place of what it rejected is none of the dependency.
    if (shouldRetryResult === undefined || isBranded(ended.value)) return false
    const ask = () => shouldRetryResult(ended.value, this.#context(call))
    return attempt(onNotice, 'shouldRetryResult', ask) ?? false
  }

  #stop(call: Call, delayMs: number): RetryStop | undefined {
    const { maxRetries, totalTimeoutMs, budget, onNotice } = this.#options
    if (call.attempts > maxRetries) return 'MAX_RETRIES'
    if (this.#isStrained(call)) return 'BREAKER'
    if (totalTimeoutMs !== undefined && this.#context(call).elapsedMs + delayMs >= totalTimeoutMs)
      return 'TOTAL_TIMEOUT'
    // The last question, for it takes a retry.
    return budget === undefined || attempt(onNotice, 'budget', () => budget.withdraw())
      ? undefined
      : 'BUDGET'
  }

  #isStrained(call: Call): boolean {
    const { unless, onNotice } = this.#options
    return unless.some((each) => attempt(onNotice, 'unless', () => isStrained(each, call.attempts)))
  }

  #giveUp<T>(ended: Ended<T>, call: Call, reason: RetryStop): T {
    const { onGiveUp, onNotice, rethrowsLast } = this.#options
    const event = { ...this.#told(ended, call), reason }
    started(onNotice, 'onGiveUp', () => onGiveUp?.(event))
    if (ended.ok || rethrowsLast) return settled(ended)
    throw new RetryLimitReached(call.attempts, ended.error, reason)
  }

  #context({ attempts, begun }: Call): RetryContext {
    return { attempts, elapsedMs: Math.max(0, this.#options.runtime.monotonic() - begun) }
  }

  #told(ended: Ended<unknown>, call: Call) {
    const how = ended.ok ? { result: ended.value } : { error: ended.error }
    return { ...this.#context(call), ...how }
  }

  #delayMs(ended: Ended<unknown>, call: Call): number {
    const { runtime, backoff, maxRetryAfterMs, onNotice } = this.#options
    const draw = () => backoff?.forAttempt(call.attempts, () => runtime.random(), call.delayMs)
    const own = attempt(onNotice, 'backoff', draw) ?? 0
    call.delayMs = own > 0 ? own : 0
    const said = ended.ok ? ended.value : ended.error
    const asked = attempt(onNotice, 'Retry-After', () => retryAfterOf(said, runtime.now())) ?? 0
    // A timer fires at once where it is told to wait for more than it can count, and a backoff may
    // be anybody's.
    return Math.min(Math.max(call.delayMs, Math.min(asked, maxRetryAfterMs)), DAY_MS)
  }
}

/** Ends at once when the caller goes away, even where the runtime's own waiting does not. */
function wait(ms: number, signal: AbortSignal | undefined, runtime: Runtime): Promise<void> {
  const waited = runtime.after(ms, signal)
  return signal === undefined ? waited : unlessAborted(waited, signal)
}
