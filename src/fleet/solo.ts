import { advance, count } from '../core/buckets.ts'
import type { Settings } from '../core/settings.ts'
import { BLANK, type Buckets } from '../core/state.ts'
import { type Window, windowOf } from '../core/window.ts'

/**
 * The breaker that this isolate would be by its own calls alone: whether they trip the limit, whatever happens elsewhere. A success
 * costs a comparison and an addition.
 */
export class Solo {
  readonly #settings: Settings
  readonly #bucketMs: number
  #tripped = false
  /** Up to and with the last failure. */
  #window: Window | null = null
  #buckets: Buckets | null = null
  /** Successes that neither the window nor the buckets hold yet. */
  #successes = 0
  /** When the newest bucket of a time window ends. */
  #bucketEnds: number

  constructor(settings: Settings) {
    const { trip } = settings
    this.#settings = settings
    this.#bucketMs = 'bucketMs' in trip ? trip.bucketMs : 0
    this.#bucketEnds = this.#bucketMs > 0 ? 0 : Number.POSITIVE_INFINITY
  }

  get tripped(): boolean {
    return this.#tripped
  }

  succeeded(now: number): void {
    if (now >= this.#bucketEnds) this.#move(now)
    this.#successes++
  }

  failed(now: number): void {
    if (now >= this.#bucketEnds) this.#move(now)
    this.#window ??= windowOf({ ...BLANK, buckets: this.#buckets }, this.#settings, now)
    if (this.#window.failure(this.#successes)) this.#tripped = true
    if (this.#buckets !== null) this.#buckets = count(this.#buckets, this.#successes, 1)
    this.#successes = 0
  }

  /** Starts anew, as a breaker that has closed. */
  reset(): void {
    this.#tripped = false
    this.#window = null
    this.#buckets = null
    this.#successes = 0
    if (this.#bucketMs > 0) this.#bucketEnds = 0
  }

  /** A time window moves on: what came before counts where it happened. */
  #move(now: number): void {
    const buckets = this.#buckets && count(this.#buckets, this.#successes, 0)
    this.#successes = 0
    this.#window = null
    this.#buckets = advance(buckets, this.#bucketMs, now)
    this.#bucketEnds = (Math.floor(now / this.#bucketMs) + 1) * this.#bucketMs
  }
}
