import { type OnNotice, warn } from '../breaker/notice.ts'
import type { Runtime } from '../breaker/runtime.ts'
import { resolveRuntime } from '../breaker/system-runtime.ts'
import type { Backoff } from '../core/backoff.ts'
import {
  checkedChoice,
  checkedInteger,
  checkFunctions,
  checkKnown,
  type Names,
} from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { DAY_MS } from '../core/settings.ts'
import { MIN_PER_SECOND, RATIO, RESERVE, type RetryBudget, TokenBucket } from './retry-budget.ts'
import type { RetryStop } from './retry-limit.ts'
import { type BreakerView, isBreaker } from './strain.ts'

/** Clock, chance and waiting. A breaker's `runtime` is one, too. */
export type RetryRuntime = Omit<Runtime, 'word'>

/** How far a call has come. */
export interface RetryContext {
  /** How many attempts were made, from 1. */
  readonly attempts: number
  /** How long all of it took until now, waits included, in milliseconds. */
  readonly elapsedMs: number
}

/** How the last attempt ended: it has `error` where it threw, `result` where it returned. */
interface Ended extends RetryContext {
  readonly error?: unknown
  readonly result?: unknown
}

/** What `onRetry` is told before the wait. */
export interface RetryEvent extends Ended {
  /** How long it will wait, in milliseconds. */
  readonly delayMs: number
}

/** What `onGiveUp` is told. */
export interface GiveUpEvent extends Ended {
  readonly reason: RetryStop
}

/** Options of {@link RetryWithBackoffPolicy}. */
export interface RetryWithBackoffOptions {
  /** How often a call is repeated at most, a whole number from 0. Default 3: four attempts. */
  readonly maxRetries?: number | undefined
  /**
   * How long to wait before each repetition: an `ExponentialDelay`, a `DecorrelatedJitter`, a
   * `FixedDelay`, or one of your own. Default: not at all.
   */
  readonly backoff?: Backoff | undefined
  /** Which errors are worth a repetition; any other is thrown as it is. Default: all. */
  readonly shouldHandle?: ((error: unknown, context: RetryContext) => boolean) | undefined
  /**
   * Which returned values are worth a repetition, such as `retryableResponse`. Where there is none
   * the value itself is returned. The body of a response that is dropped for a repetition is
   * cancelled. Default: none are.
   */
  readonly shouldRetryResult?: ((value: unknown, context: RetryContext) => boolean) | undefined
  /**
   * The longest `Retry-After` of an error or a value that is heeded where it is longer than the
   * backoff, 0 to 24 h. Default `'30s'`.
   */
  readonly maxRetryAfter?: Duration | undefined
  /**
   * How long all attempts and waits may take together, 1 ms to 24 h. What runs when it is over is
   * given up, and its signal aborts; no wait begins that would last longer. Default: no limit.
   */
  readonly totalTimeout?: Duration | undefined
  /**
   * What keeps retries from becoming a storm; false: nothing does. Default: a `retryBudget()` of
   * this policy's own, whose reserve is `maxRetries` where that is more than 10.
   */
  readonly budget?: RetryBudget | false | undefined
  /**
   * No retry is made while one of these breakers has half as many failures in its window as trip
   * it, or more, or is HALF_OPEN. The failures of the call itself do not count. Default: those that
   * a `SafetyNet` has within this policy. False: none.
   */
  readonly unless?: BreakerView | readonly BreakerView[] | false | undefined
  /**
   * What is thrown in the end: a `RetryLimitReached` with the last attempt's error as its `cause`
   * (`'limit'`, default), or that error itself (`'last'`).
   */
  readonly rethrow?: 'limit' | 'last' | undefined
  /** A call will be repeated. It may return a promise, which is not waited for. */
  readonly onRetry?: ((event: RetryEvent) => unknown) | undefined
  /**
   * A call that is worth a repetition will not be repeated. It may return a promise, which is not
   * waited for.
   */
  readonly onGiveUp?: ((event: GiveUpEvent) => unknown) | undefined
  /**
   * Something a developer should know, such as a hook that failed. Default: a warning on the
   * console.
   */
  readonly onNotice?: OnNotice | undefined
  /** For tests and simulations. Default: the system's. */
  readonly runtime?: RetryRuntime | undefined
}

const OPTIONS: Names<RetryWithBackoffOptions> = {
  maxRetries: 1,
  backoff: 1,
  shouldHandle: 1,
  shouldRetryResult: 1,
  maxRetryAfter: 1,
  totalTimeout: 1,
  budget: 1,
  unless: 1,
  rethrow: 1,
  onRetry: 1,
  onGiveUp: 1,
  onNotice: 1,
  runtime: 1,
}

/** Where one of these is given, how long a call took has to be known. */
const MEASURING = [
  'shouldHandle',
  'shouldRetryResult',
  'totalTimeout',
  'onRetry',
  'onGiveUp',
] as const

export interface ResolvedRetryOptions
  extends Pick<
    RetryWithBackoffOptions,
    'backoff' | 'shouldHandle' | 'shouldRetryResult' | 'onRetry' | 'onGiveUp'
  > {
  readonly maxRetries: number
  readonly maxRetryAfterMs: number
  readonly totalTimeoutMs: number | undefined
  readonly budget: RetryBudget | undefined
  readonly unless: readonly BreakerView[]
  readonly rethrowsLast: boolean
  /** Does anybody want to know how long a call took? */
  readonly measures: boolean
  readonly onNotice: OnNotice
  readonly runtime: Required<Runtime>
}

/** @throws {InvalidOptionError} naming the option, its range and the value */
export function resolveRetryOptions(options: RetryWithBackoffOptions): ResolvedRetryOptions {
  checkKnown(options, OPTIONS)
  const { maxRetries = 3, backoff, budget, totalTimeout } = options
  checkedInteger('maxRetries', maxRetries, 0)
  if (backoff !== undefined && typeof backoff?.forAttempt !== 'function') {
    throw new InvalidOptionError(
      'backoff',
      'an ExponentialDelay, a FixedDelay or another object with forAttempt',
      backoff,
    )
  }
  checkFunctions(options, ['shouldHandle', 'shouldRetryResult', 'onRetry', 'onGiveUp', 'onNotice'])
  const onNotice = options.onNotice ?? warn
  const runtime = resolveRuntime(options.runtime, onNotice)
  const reserve = Math.max(RESERVE, maxRetries)
  return {
    ...options,
    maxRetries,
    maxRetryAfterMs: toMilliseconds('maxRetryAfter', options.maxRetryAfter ?? '30s', {
      min: 0,
      max: DAY_MS,
    }),
    totalTimeoutMs:
      totalTimeout === undefined
        ? undefined
        : toMilliseconds('totalTimeout', totalTimeout, { min: 1, max: DAY_MS }),
    budget:
      budget === undefined
        ? new TokenBucket({ ratio: RATIO, minPerSecond: MIN_PER_SECOND, reserve }, runtime)
        : checkedBudget(budget),
    unless: checkedBreakers(options.unless),
    measures: MEASURING.some((option) => options[option] !== undefined),
    rethrowsLast:
      checkedChoice('rethrow', options.rethrow ?? 'limit', ['limit', 'last']) === 'last',
    onNotice,
    runtime,
  }
}

function checkedBudget(budget: RetryBudget | false): RetryBudget | undefined {
  if (budget === false) return undefined
  if (typeof budget?.withdraw !== 'function' || typeof budget.deposit !== 'function')
    throw new InvalidOptionError('budget', 'a retryBudget() or false', budget)
  return budget
}

function checkedBreakers(unless: RetryWithBackoffOptions['unless']): readonly BreakerView[] {
  if (unless === undefined || unless === false) return []
  const breakers: readonly unknown[] = Array.isArray(unless) ? [...unless] : [unless]
  for (const each of breakers)
    if (typeof each !== 'object' || each === null || !isBreaker(each))
      throw new InvalidOptionError('unless', 'a breaker, a list of breakers, or false', each)
  return breakers as readonly BreakerView[]
}
