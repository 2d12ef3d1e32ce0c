import { randomShare } from '../breaker/chance.ts'
import type { Backoff } from '../core/backoff.ts'
import { checkedInteger, checkKnown } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { DAY_MS } from '../core/settings.ts'

/** Options of {@link ExponentialDelay}. */
export interface ExponentialDelayOptions {
  /** The first delay, 0 to 24 h. No delay is shorter. */
  readonly minDelay: Duration
  /** No delay is longer: `minDelay` to 24 h. */
  readonly maxDelay: Duration
  /** What each delay is multiplied by to give the next, from 1. Default 2. */
  readonly factor?: number | undefined
  /**
   * The share of a delay that is left to chance, 0 to 1: a delay of 2 s with 0.1 is 1.8 s to 2 s.
   * Default 0.
   */
  readonly jitter?: number | undefined
}

/**
 * Delays that grow from attempt to attempt, up to a limit. Chance shortens them, and so spreads
 * those at the limit, too. What it would shorten to less than `minDelay` it lengthens by as much
 * instead, so that first delays are spread as well. Also a `cooldown` by number of consecutive
 * opens, where jitter has no part: it is the row's, and so the same for all.
 */
export class ExponentialDelay implements Backoff {
  readonly #minMs: number
  readonly #maxMs: number
  readonly #factor: number
  readonly #jitter: number

  /** @throws {InvalidOptionError} naming the option, its range and the value */
  constructor(options: ExponentialDelayOptions) {
    checkKnown(options ?? {}, { minDelay: 1, maxDelay: 1, factor: 1, jitter: 1 })
    const { minDelay, maxDelay, factor = 2, jitter = 0 } = options ?? {}
    this.#minMs = toMilliseconds('minDelay', minDelay, { min: 0, max: DAY_MS })
    this.#maxMs = toMilliseconds('maxDelay', maxDelay, { min: this.#minMs, max: DAY_MS })
    if (!Number.isFinite(factor) || factor < 1)
      throw new InvalidOptionError('factor', 'a number from 1', factor)
    if (typeof jitter !== 'number' || !(jitter >= 0 && jitter <= 1)) {
      throw new InvalidOptionError('jitter', 'a number from 0 to 1', jitter)
    }
    this.#factor = factor
    this.#jitter = jitter
  }

  /**
   * @param attempt - a whole number from 1
   * @returns milliseconds, not rounded
   * @throws {InvalidOptionError} where `attempt` is none
   */
  forAttempt(attempt: number, random: () => number = randomShare): number {
    checkedInteger('attempt', attempt, 1)
    // The power becomes Infinity, which nothing may be multiplied by 0 with.
    const grown =
      this.#minMs === 0 ? 0 : Math.min(this.#minMs * this.#factor ** (attempt - 1), this.#maxMs)
    if (this.#jitter === 0) return grown
    const shortened = grown * (1 - this.#jitter * random())
    return shortened >= this.#minMs ? shortened : Math.min(2 * this.#minMs - shortened, this.#maxMs)
  }
}

/** The same delay each time. */
export class FixedDelay extends ExponentialDelay {
  /**
   * @param delay - 0 to 24 h
   * @throws {InvalidOptionError} where it is none
   */
  constructor(delay: Duration) {
    const ms = toMilliseconds('delay', delay, { min: 0, max: DAY_MS })
    super({ minDelay: ms, maxDelay: ms, factor: 1 })
  }
}
