import { type Duration, toMilliseconds } from '../core/duration.ts'

/** Up to a year: far enough for any test. */
const RANGE = { min: 0, max: 365 * 86_400_000 }

/** A clock that stands still until it is told to move. */
export class FakeClock {
  #now: number

  /** @param start - milliseconds since 1970; default: the first of January 2026 */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  /** Milliseconds since 1970. May be handed on as it is: it needs no `this`. */
  readonly now = (): number => this.#now

  /**
   * @param duration - milliseconds, or `'500ms'`, `'60s'`, `'5m'`, `'1h'`; at most a year
   * @throws {InvalidOptionError} where this is no duration
   */
  advance(duration: Duration): void {
    this.#now += toMilliseconds('duration', duration, RANGE)
  }

  /** As a clock does that was ahead and is set right. Takes what {@link advance} takes. */
  stepBack(duration: Duration): void {
    this.#now -= toMilliseconds('duration', duration, RANGE)
  }
}
