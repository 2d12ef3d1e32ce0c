import type { Report } from '../core/event.ts'
import { MAX_WINDOW } from '../core/limits.ts'
import type { Settings } from '../core/settings.ts'

/** Outcomes of one generation that the storage has not acknowledged, in the order in which their calls ended. */
export class Batch {
  readonly generation: number
  /** Since when there is something in it that should not wait, on the isolate's clock; infinity: nothing is. */
  urgentSince = Number.POSITIVE_INFINITY
  /** Until when an answer to it may be under way, on the isolate's clock. */
  busyUntil = Number.NEGATIVE_INFINITY
  /** How many copies of it were sent; once one is, it is frozen, for the storage may have counted it. */
  copies = 0
  #bits = ''
  /** Successes after the last bit: counting is cheaper than writing them down one by one. */
  #run = 0
  readonly #tokens: number[] = []
  readonly #released: number[] = []
  #retryAfterMs: number | null = null
  #trip = false
  #wouldReject = 0
  #report: Omit<Report, 'type'> | undefined

  constructor(generation: number) {
    this.generation = generation
  }

  get urgent(): boolean {
    return this.urgentSince !== Number.POSITIVE_INFINITY
  }

  get frozen(): boolean {
    return this.#report !== undefined
  }

  /** How many outcomes it holds. */
  get size(): number {
    return this.#bits.length + this.#run
  }

  get empty(): boolean {
    return this.size === 0 && this.#released.length === 0 && this.#wouldReject === 0
  }

  success(): void {
    this.#run++
  }

  failure(retryAfterMs: number | null, trip: boolean, now: number): void {
    this.#bits = `${this.bits}1`
    this.#run = 0
    if (retryAfterMs !== null) this.#retryAfterMs = Math.max(this.#retryAfterMs ?? 0, retryAfterMs)
    if (trip) this.#trip = true
    this.#hurry(now)
  }

  probe(token: number, failed: boolean, retryAfterMs: number | null, trip: boolean, now: number): void {
    this.#tokens.push(token)
    if (failed) return this.failure(retryAfterMs, trip, now)
    this.#bits = `${this.bits}0`
    this.#hurry(now)
  }

  release(token: number, now: number): void {
    this.#released.push(token)
    this.#hurry(now)
  }

  wouldReject(): void {
    this.#wouldReject++
  }

  get bits(): string {
    return this.#run === 0 ? this.#bits : this.#bits + '0'.repeat(this.#run)
  }

  /** The report to send: made once, then the same at every repeat. Only the newest 1,000 successes in a row can matter to a count. */
  freeze(flushId: number, since: number | null, settings: Settings): Omit<Report, 'type'> {
    if ('outOf' in settings.trip && this.#tokens.length === 0) this.#run = Math.min(this.#run, MAX_WINDOW)
    this.#report ??= {
      generation: this.generation,
      flushId,
      since,
      outcomes: this.bits,
      tokens: this.#tokens,
      released: this.#released,
      retryAfterMs: this.#retryAfterMs,
      trip: this.#trip,
      wouldReject: this.#wouldReject,
      settings,
    }
    this.copies++
    return this.#report
  }

  /** Forgets the oldest outcomes beyond `most`, and says how many. Probes are few, and each has a token: they stay. */
  shed(most: number): number {
    const excess = this.size - most
    if (excess <= 0 || this.frozen || this.#tokens.length > 0) return 0
    this.#bits = this.bits.slice(excess)
    this.#run = 0
    return excess
  }

  #hurry(now: number): void {
    this.urgentSince = Math.min(this.urgentSince, now)
  }

  /** Not counted, that much is certain: the next copy gets a new name. */
  thaw(): void {
    this.#report = undefined
    this.copies = 0
  }
}
