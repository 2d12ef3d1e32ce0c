import type { Runtime } from '../breaker/runtime.ts'

/** The share of the bound after which a view is refreshed in the background, and how far isolates spread from each other there. */
const REFRESH_SHARE = 0.8
const REFRESH_SPREAD = 0.15

/** How old a view is, by the isolate's clock. A clock that stepped back behind its beginning makes it stale. */
export class Freshness {
  readonly #runtime: Runtime
  readonly #maxStalenessMs: number
  #receivedAt = 0
  #freshUntil = Number.NEGATIVE_INFINITY
  #refreshFrom = Number.NEGATIVE_INFINITY

  constructor(runtime: Runtime, maxStalenessMs: number) {
    this.#runtime = runtime
    this.#maxStalenessMs = maxStalenessMs
  }

  /** The storage said what it knows. @returns did the clock step back since it last did? */
  received(now: number): boolean {
    const steppedBack = now < this.#receivedAt
    this.#receivedAt = now
    this.#freshUntil = now + this.#maxStalenessMs
    this.#refreshFrom =
      now + this.#maxStalenessMs * (REFRESH_SHARE + REFRESH_SPREAD * this.#runtime.random())
    return steppedBack
  }

  /** Part of the hot path. */
  isFresh(now: number): boolean {
    return now < this.#freshUntil && now >= this.#receivedAt
  }

  wantsRefresh(now: number): boolean {
    return now >= this.#refreshFrom || now < this.#receivedAt
  }

  /** The next call refreshes. */
  refreshNext(): void {
    this.#refreshFrom = Number.NEGATIVE_INFINITY
  }

  /** Something else will ask the storage at `instant`: within the bound, that does. */
  isAskedAt(instant: number): void {
    if (instant < this.#freshUntil) this.#refreshFrom = this.#freshUntil
  }

  /** Milliseconds since the storage last spoke. */
  age(now: number): number {
    return Math.max(0, Math.floor(now - this.#receivedAt))
  }
}
