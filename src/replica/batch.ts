import type { Report } from '../core/event.ts'
import { successes } from '../core/log.ts'
import type { Settings } from '../core/settings.ts'
import { NEVER, type Span } from './runtime.ts'

/** Outcomes of one generation that the storage has not acknowledged, in the order in which their calls ended. */
export class Batch {
  readonly generation: number
  /** Since when there is something in it that should not wait, on the isolate's clock; infinity: nothing is. */
  urgentSince = Number.POSITIVE_INFINITY
  /** While an answer to it may be under way. */
  busy: Span = NEVER
  /** How many copies of it were sent; once one is, it is frozen, for the storage may have counted it. */
  copies = 0
  /** It was sent, and certainly not counted. */
  sentInVain = false
  #bits = ''
  /** Successes after the last bit: counting is cheaper than writing them down one by one. */
  #run = 0
  readonly #tokens: number[] = []
  readonly #released: number[] = []
  #retryAfterMs: number | null = null
  #trip = false
  #wouldReject = 0
  #report: Omit<Report, 'type'> | undefined

  readonly #longestRun: number

  constructor(generation: number, longestRun: number) {
    this.generation = generation
    this.#longestRun = longestRun
  }

  get urgent(): boolean {
    return this.urgentSince !== Number.POSITIVE_INFINITY
  }

  get frozen(): boolean {
    return this.#report !== undefined
  }

  /** Did the dependency ask to be left alone? */
  get wishes(): boolean {
    return this.#retryAfterMs !== null
  }

  /** Should it be sent soon? So should one that was sent already: the sooner, the surer it is recognised. */
  get hurries(): boolean {
    return this.urgent || this.frozen || this.sentInVain
  }

  /** Successes after its last failure, as far as they count. */
  get run(): number {
    return this.#run
  }

  /** How many outcomes it holds. */
  get size(): number {
    return this.#bits.length + this.#run
  }

  get empty(): boolean {
    return this.size === 0 && this.#released.length === 0 && this.#wouldReject === 0
  }

  /** So many successes in a row that more would say nothing are not counted on. */
  success(): void {
    if (this.#run < this.#longestRun) this.#run++
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
    return this.#run === 0 ? this.#bits : this.#bits + successes(this.#run)
  }

  /** The report to send: made once, then the same at every repeat. */
  freeze(flushId: number, since: number | null, settings: Settings): Omit<Report, 'type'> {
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

  /** Keeps each outcome with this probability, successes and failures alike. Not of what may have been counted, nor of probes. */
  thin(share: number, random: () => number): void {
    if (this.frozen || this.#tokens.length > 0) return
    const kept = [...this.bits].filter(() => random() < share).join('')
    const failures = kept.lastIndexOf('1') + 1
    this.#bits = kept.slice(0, failures)
    this.#run = kept.length - failures
    if (failures === 0 && this.#released.length === 0) this.urgentSince = Number.POSITIVE_INFINITY
  }

  #hurry(now: number): void {
    this.urgentSince = Math.min(this.urgentSince, now)
  }

  /** Not counted, that much is certain: the next copy gets a new name. */
  thaw(): void {
    this.#report = undefined
    this.copies = 0
    this.busy = NEVER
    this.sentInVain = true
  }
}
