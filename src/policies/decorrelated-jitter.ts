import { randomShare } from '../breaker/chance.ts'
import type { Backoff } from '../core/backoff.ts'
import { checkedInteger, checkKnown } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { DAY_MS } from '../core/settings.ts'

/** Options of {@link DecorrelatedJitter}. */
export interface DecorrelatedJitterOptions {
  /** No delay is shorter, 1 ms to 24 h. */
  readonly minDelay: Duration
  /** No delay is longer: `minDelay` to 24 h. */
  readonly maxDelay: Duration
}

/** How many times as long as the one before a delay may be. */
const GROWTH = 3
/**
 * After so many steps all delays are drawn from the same range, however long the first ones are.
 */
const MOST_STEPS = 50

/**
 * Delays by chance: each is between `minDelay` and three times the one before, and no longer than
 * `maxDelay`. They grow from attempt to attempt, and calls that failed together do not come back
 * together. The idea is the one that Amazon's "Exponential Backoff And Jitter" calls decorrelated
 * jitter.
 */
export class DecorrelatedJitter implements Backoff {
  readonly #minMs: number
  readonly #maxMs: number

  /** @throws {InvalidOptionError} naming the option, its range and the value */
  constructor(options: DecorrelatedJitterOptions) {
    checkKnown(options ?? {}, { minDelay: 1, maxDelay: 1 })
    this.#minMs = toMilliseconds('minDelay', options?.minDelay, { min: 1, max: DAY_MS })
    this.#maxMs = toMilliseconds('maxDelay', options?.maxDelay, { min: this.#minMs, max: DAY_MS })
  }

  /**
   * @param attempt - a whole number from 1
   * @param previousMs - the delay after the attempt before; where it is not given, one is drawn
   * @returns milliseconds, not rounded
   * @throws {InvalidOptionError} where `attempt` is none
   */
  forAttempt(attempt: number, random: () => number = randomShare, previousMs?: number): number {
    checkedInteger('attempt', attempt, 1)
    const isFollowed = attempt > 1 && previousMs !== undefined
    let delay = isFollowed ? Math.max(previousMs, this.#minMs) : this.#minMs
    for (let step = isFollowed ? 1 : Math.min(attempt, MOST_STEPS); step > 0; step--) {
      const longest = Math.min(this.#maxMs, delay * GROWTH)
      delay = longest - random() * (longest - this.#minMs)
    }
    return delay
  }
}
