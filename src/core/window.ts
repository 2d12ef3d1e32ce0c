import { advance, total } from './buckets.ts'
import { FAILURE } from './log.ts'
import type { CountRule, RateRule, Settings } from './settings.ts'
import type { Buckets, Closed } from './state.ts'

/** What a closed breaker judges by, failure by failure: a success never trips it. */
export interface Window {
  /** Takes in one more failure, behind so many successes. @returns does it trip? */
  failure(successesBefore: number): boolean
  /** Is it still the window at `now`? One that moves by the clock has to be made anew. */
  holds(now: number): boolean
}

export function windowOf(state: Closed, { trip }: Settings, now: number): Window {
  return 'rate' in trip
    ? new RateWindow(advance(state.buckets, trip.bucketMs, now), trip)
    : new CountWindow(state.log, trip)
}

/**
 * Takes outcomes in, up to the one that trips.
 * @param most how many of their failures may trip, from the first one on
 * @returns how many these are; undefined where none does
 */
export function take(
  window: Window,
  outcomes: string,
  most: number = Number.POSITIVE_INFINITY,
): number | undefined {
  let from = 0
  let failures = 0
  for (let at = outcomes.indexOf(FAILURE); at >= 0; at = outcomes.indexOf(FAILURE, from)) {
    if (window.failure(at - from) && failures < most) return at + 1
    failures++
    from = at + 1
  }
  return undefined
}

/** k of the newest n. It knows where the newest k failures stand: one more takes the same time whatever n is. */
class CountWindow implements Window {
  readonly #rule: CountRule
  /** By the number of outcomes up to and with each; the oldest is overwritten. */
  readonly #newest: number[] = []
  #failures = 0
  #outcomes = 0

  constructor(log: string, rule: CountRule) {
    this.#rule = rule
    const near = log.slice(-rule.outOf)
    take(this, near)
    this.#outcomes = near.length
  }

  failure(successesBefore: number): boolean {
    const { failures, outOf } = this.#rule
    const now = this.#outcomes + successesBefore + 1
    this.#outcomes = now
    this.#newest[this.#failures++ % failures] = now
    return (
      this.#failures >= failures &&
      now >= outOf &&
      now - this.#newest[this.#failures % failures]! < outOf
    )
  }

  holds(): boolean {
    return true
  }
}

/** A share of all calls within some time. */
class RateWindow implements Window {
  readonly #rule: RateRule
  readonly #buckets: Buckets
  #successes: number
  #failures: number

  constructor(buckets: Buckets, rule: RateRule) {
    this.#rule = rule
    this.#buckets = buckets
    this.#successes = total(buckets.successes)
    this.#failures = total(buckets.failures)
  }

  failure(successesBefore: number): boolean {
    const { rate, minimum } = this.#rule
    this.#successes += successesBefore
    const all = this.#successes + ++this.#failures
    // A quotient is rounded as the decimal was: 7 of 100 is 0.07, whereas 0.07 * 100 is more than 7.
    return all >= minimum && this.#failures / all >= rate
  }

  holds(now: number): boolean {
    return Math.floor(now / this.#buckets.widthMs) === this.#buckets.newest
  }
}
