import { warn } from '../breaker/notice.ts'
import type { Runtime } from '../breaker/runtime.ts'
import { resolveRuntime } from '../breaker/system-runtime.ts'
import { checkedInteger, checkKnown } from '../core/checks.ts'
import { InvalidOptionError } from '../core/errors.ts'

/**
 * How many retries there may be, in proportion to calls. One of your own has these members, too.
 */
export interface RetryBudget {
  /** How many retries it holds, as it was at the last call or retry. A retry needs a whole one. */
  readonly balance: number
  /** A call was made: its first attempt ended, and was not rejected. */
  deposit(): void
  /** Takes one retry out of the budget. @returns false where there is none left */
  withdraw(): boolean
}

/** Options of {@link retryBudget}. */
export interface RetryBudgetOptions {
  /** How many retries each call adds, 0 to 1. Default 0.2: one for each five calls. */
  readonly ratio?: number | undefined
  /** How many retries each second adds, 0 to 1,000. Default 1. */
  readonly minPerSecond?: number | undefined
  /**
   * How many retries there are at the beginning, a whole number from 0 to 1,000. Default 10. The
   * budget never holds more than that; with 0 it holds at most one.
   */
  readonly reserve?: number | undefined
  /** Its clock, for tests and simulations. Default: the system's. */
  readonly runtime?: Runtime | undefined
}

export const RATIO = 0.2
export const MIN_PER_SECOND = 1
export const RESERVE = 10

/**
 * A limit to the load that retries add: each retry takes one out, calls and time fill it again. It
 * is this isolate's; several policies may share one. The idea is that of Finagle's `RetryBudget`
 * and of the retry quota of the AWS SDKs.
 *
 * @throws {InvalidOptionError} naming the option, its range and the value
 * @example
 * ```ts
 * const budget = retryBudget({ ratio: 0.1 })
 * const read = new RetryWithBackoffPolicy({ budget })
 * const write = new RetryWithBackoffPolicy({ budget, maxRetries: 1 })
 * ```
 */
export function retryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  checkKnown(options, { ratio: 1, minPerSecond: 1, reserve: 1, runtime: 1 })
  const { ratio = RATIO, minPerSecond = MIN_PER_SECOND, reserve = RESERVE } = options
  if (typeof ratio !== 'number' || !(ratio >= 0 && ratio <= 1))
    throw new InvalidOptionError('ratio', 'a number from 0 to 1', ratio)
  if (typeof minPerSecond !== 'number' || !(minPerSecond >= 0 && minPerSecond <= 1_000))
    throw new InvalidOptionError('minPerSecond', 'a number from 0 to 1000', minPerSecond)
  checkedInteger('reserve', reserve, 0, 1_000)
  return new TokenBucket({ ratio, minPerSecond, reserve }, resolveRuntime(options.runtime, warn))
}

/** What a retry costs. Shares are counted in thousandths: ten times 0.1 is less than 1. */
const RETRY = 1_000

interface Rates {
  readonly ratio: number
  readonly minPerSecond: number
  readonly reserve: number
}

/** A token bucket. It looks at the clock only where a retry is asked for. */
export class TokenBucket implements RetryBudget {
  readonly #perCall: number
  readonly #perMs: number
  readonly #most: number
  readonly #runtime: Required<Runtime>
  #tokens: number
  /** Up to when time has filled it, on the monotonic clock; undefined: nobody asked yet. */
  #filledAt: number | undefined

  constructor({ ratio, minPerSecond, reserve }: Rates, runtime: Required<Runtime>) {
    this.#perCall = ratio * RETRY
    this.#perMs = (minPerSecond * RETRY) / 1_000
    this.#most = Math.max(1, reserve) * RETRY
    this.#tokens = reserve * RETRY
    this.#runtime = runtime
  }

  get balance(): number {
    return this.#tokens / RETRY
  }

  deposit(): void {
    this.#fill(this.#perCall)
  }

  withdraw(): boolean {
    const now = this.#runtime.monotonic()
    this.#fill(Math.max(0, now - (this.#filledAt ?? now)) * this.#perMs)
    this.#filledAt = now
    if (this.#tokens < RETRY) return false
    this.#tokens -= RETRY
    return true
  }

  #fill(tokens: number): void {
    this.#tokens = Math.min(this.#most, this.#tokens + tokens)
  }
}
