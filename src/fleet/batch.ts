import { NEVER, type Span } from '../breaker/runtime.ts'
import type { Report, Tell } from '../core/event.ts'
import { FAILURE, successes } from '../core/log.ts'
import type { Settings } from '../core/settings.ts'

/** Whose outcomes a report brings, and what they stand for. */
export type Origin = Pick<Report, 'reporter' | 'tell' | 'told'>

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
  /** How many successes came before each failure, and after the last one: counting is cheaper than writing them down one by one. */
  #runs: number[] = []
  /** Where what is left of them begins. */
  #from = 0
  #run = 0
  /** Outcomes up to and with the last failure. */
  #settled = 0
  readonly #tokens: number[] = []
  readonly #released: number[] = []
  #retryAfterMs: number | null = null
  #trip = false
  #wouldReject = 0
  #report: Omit<Report, 'type'> | undefined
  #tell: Tell | undefined

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
    return this.#settled + this.#run
  }

  get empty(): boolean {
    return this.size === 0 && this.#released.length === 0 && this.#wouldReject === 0
  }

  /** What it holds should not wait. */
  hurry(now: number): void {
    this.urgentSince = Math.min(this.urgentSince, now)
  }

  /** So many successes in a row that more would say nothing are not counted on. */
  success(): void {
    if (this.#run < this.#longestRun) this.#run++
  }

  failure(retryAfterMs: number | null, trip: boolean, now: number): void {
    this.#put()
    if (retryAfterMs !== null) this.#retryAfterMs = Math.max(this.#retryAfterMs ?? 0, retryAfterMs)
    if (trip) this.#trip = true
    this.hurry(now)
  }

  probe(
    token: number,
    failed: boolean,
    retryAfterMs: number | null,
    trip: boolean,
    now: number,
  ): void {
    this.#tokens.push(token)
    if (failed) return this.failure(retryAfterMs, trip, now)
    this.#run++
    this.hurry(now)
  }

  release(token: number, now: number): void {
    this.#released.push(token)
    this.hurry(now)
  }

  wouldReject(): void {
    this.#wouldReject++
  }

  get bits(): string {
    const runs = this.#runs.slice(this.#from)
    return runs.map((run) => `${successes(run)}${FAILURE}`).join('') + successes(this.#run)
  }

  /** The report to send: made once, then the same at every repeat. */
  freeze(
    flushId: number,
    since: number | null,
    settings: Settings,
    origin: Origin,
  ): Omit<Report, 'type'> {
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
      ...this.#told(origin),
    }
    this.copies++
    return this.#report
  }

  /** Calls that were told of in vain are told of again: else those of busy times were missing. */
  #told(origin: Origin): Origin {
    const { tell } = origin
    const before = this.#tell
    if (before === undefined || tell === undefined) this.#tell = tell ?? before
    else
      this.#tell = {
        ...before,
        calls: before.calls + tell.calls,
        spanMs: before.spanMs + tell.spanMs,
      }
    return this.#tell === undefined ? origin : { ...origin, tell: this.#tell }
  }

  /** Forgets the oldest outcomes beyond `most`, and says how many. Probes are few, and each has a token: they stay. */
  shed(most: number): number {
    const excess = this.size - most
    if (excess <= 0 || this.frozen || this.#tokens.length > 0) return 0
    let left = excess
    while (this.#from < this.#runs.length && left > this.#runs[this.#from]!)
      left -= this.#runs[this.#from++]! + 1
    if (this.#from < this.#runs.length) this.#runs[this.#from]! -= left
    else this.#run -= left
    // Cut off in large pieces: taking each off by itself moves all that follow.
    if (this.#from * 2 > this.#runs.length) {
      this.#runs = this.#runs.slice(this.#from)
      this.#from = 0
    }
    this.#settled = most - this.#run
    return excess
  }

  /** Keeps each outcome with this probability, successes and failures alike. Not of what may have been counted, nor of probes. */
  thin(share: number, random: () => number): void {
    if (this.frozen || this.#tokens.length > 0) return
    const outcomes = this.bits
    this.#runs = []
    this.#from = 0
    this.#run = 0
    this.#settled = 0
    for (const outcome of outcomes) {
      if (random() >= share) continue
      if (outcome === FAILURE) this.#put()
      else this.#run++
    }
    if (this.#runs.length === 0 && this.#released.length === 0)
      this.urgentSince = Number.POSITIVE_INFINITY
  }

  /** A failure, behind all those successes. */
  #put(): void {
    this.#runs.push(this.#run)
    this.#settled += this.#run + 1
    this.#run = 0
  }

  /** Not counted, that much is certain: the next copy gets a new name. */
  thaw(): void {
    this.#report = undefined
    this.copies = 0
    this.busy = NEVER
    this.sentInVain = true
  }
}
