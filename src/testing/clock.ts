import type { Runtime } from '../breaker/runtime.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'

/** Up to a year: far enough for any test. */
const RANGE = { min: 0, max: 365 * 86_400_000 }

interface Timer {
  readonly at: number
  readonly ring: () => void
}

/**
 * A clock that stands still until it is told to move. As the `runtime` of a breaker it drives all
 * of it: cooldowns, time limits, waits for the storage, and the breaker's own memory.
 */
export class FakeClock implements Required<Runtime> {
  #now: number
  #advanced = 0
  #words = 0
  #timers: Timer[] = []

  /** @param start - milliseconds since 1970; default: the first of January 2026 */
  constructor(start: number = Date.UTC(2026, 0, 1)) {
    this.#now = start
  }

  /** Milliseconds since 1970. May be handed on as it is: it needs no `this`. */
  readonly now = (): number => this.#now

  /** Milliseconds that it has advanced in all. Stepping back does not move it. */
  readonly monotonic = (): number => this.#advanced

  /** Always in the middle, so that nothing in a test hangs on chance. */
  readonly random = (): number => 0.5

  readonly word = (): number => this.#words++

  /** Resolves once it has advanced so many milliseconds, unless `unneeded` aborts before. */
  readonly after = (ms: number, unneeded?: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const timer = { at: this.#advanced + ms, ring: resolve }
      if (ms <= 0) return resolve()
      this.#timers.push(timer)
      unneeded?.addEventListener('abort', () => this.#forget(timer), { once: true })
    })

  /** How many waits are under way. */
  get pending(): number {
    return this.#timers.length
  }

  /**
   * @param duration - milliseconds, or `'500ms'`, `'60s'`, `'5m'`, `'1h'`; at most a year
   * @throws {InvalidOptionError} where this is no duration
   */
  advance(duration: Duration): void {
    const ms = toMilliseconds('duration', duration, RANGE)
    this.#now += ms
    this.#advanced += ms
    const due = this.#timers.filter(({ at }) => at <= this.#advanced)
    for (const timer of due.sort((a, b) => a.at - b.at)) {
      this.#forget(timer)
      timer.ring()
    }
  }

  /** As a clock does that was ahead and is set right. Takes what {@link advance} takes. */
  stepBack(duration: Duration): void {
    this.#now -= toMilliseconds('duration', duration, RANGE)
  }

  #forget(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer)
  }
}
