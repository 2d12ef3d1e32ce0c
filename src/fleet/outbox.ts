import { pooledWord, randomWord } from '../breaker/chance.ts'
import type { Dropped } from '../breaker/listener.ts'
import { isWithin, type Runtime, type Span } from '../breaker/runtime.ts'
import type { Report, Verdict } from '../core/event.ts'
import type { Settings } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { Batch, type Origin } from './batch.ts'

/** An odd number: its multiples repeat only after all 32-bit integers came by. */
const GOLDEN = 0x9e3779b9

export interface OutboxLimits {
  readonly maxBuffered: number
  readonly maxOutcomeAgeMs: number
  /** How many successes in a row are worth telling. */
  readonly longestRun: number
  /** Do other isolates report to the same storage? */
  readonly shared: boolean
}

/** The outcomes of one breaker that wait for the storage: ordered, one batch for each generation, the oldest sent first. */
export class Outbox {
  readonly #runtime: Runtime
  readonly #limits: OutboxLimits
  readonly #dropped: (dropped: Dropped) => void
  #batches: Batch[] = []
  #reports = 0

  constructor(runtime: Runtime, limits: OutboxLimits, dropped: (dropped: Dropped) => void) {
    this.#runtime = runtime
    this.#limits = limits
    this.#dropped = dropped
  }

  get empty(): boolean {
    return this.#batches.length === 0
  }

  /** Is there a report of an older generation that was sent and has no answer? */
  awaits(generation: number): boolean {
    return this.#batches.some((batch) => batch.frozen && batch.generation < generation)
  }

  /** Does anything in it want to be sent soon? */
  get hurries(): boolean {
    return this.#batches.some((batch) => batch.hurries)
  }

  /** The batch that takes an outcome of this generation: a frozen one takes no more. There is at most one for each generation. */
  open(generation: number): Batch {
    for (let i = this.#batches.length - 1; i >= 0; i--) {
      const batch = this.#batches[i]!
      if (batch.generation === generation && !batch.frozen) return batch
    }
    const batch = new Batch(generation, this.#limits.longestRun)
    this.#batches.push(batch)
    return batch
  }

  /** Is this batch still waiting for the storage's word? */
  holds(batch: Batch): boolean {
    return this.#batches.includes(batch)
  }

  /** All that wait now. What comes in later goes into the open one of them, or into another. */
  get waiting(): readonly Batch[] {
    return this.#batches
  }

  /** Are there more outcomes than may wait? */
  get overfull(): boolean {
    let size = 0
    for (const batch of this.#batches) size += batch.size
    return size > this.#limits.maxBuffered
  }

  /** The outcomes of a generation that the storage has not acknowledged, oldest first. */
  bits(generation: number): string {
    return this.#batches
      .filter((batch) => batch.generation === generation)
      .map((batch) => batch.bits)
      .join('')
  }

  /** Drops what is too old, and the oldest of what is too much. A quiet success has nothing to say that age could falsify. */
  trim(now: number): void {
    const { maxOutcomeAgeMs, maxBuffered } = this.#limits
    for (const batch of this.#batches)
      if (now - batch.urgentSince > maxOutcomeAgeMs) this.#drop(batch, 'age')
    let excess = -maxBuffered
    for (const batch of this.#batches) excess += batch.size
    while (excess > 0 && this.#batches.length > 1) {
      excess -= this.#batches[0]!.size
      this.#drop(this.#batches[0]!, 'overflow')
    }
    const shed = excess > 0 ? this.#batches[0]!.shed(maxBuffered) : 0
    if (shed > 0) this.#dropped({ outcomes: shed, why: 'overflow' })
  }

  /** The row is written too often: of what waits only a share is sent. */
  thin(share: number): void {
    for (const batch of this.#batches) batch.thin(share, this.#runtime.random)
    this.#batches = this.#batches.filter((batch) => !batch.empty)
  }

  /** Successes have nothing to say any more that could not wait. */
  calm(): void {
    for (const batch of this.#batches) batch.sentInVain = false
  }

  /** The oldest batch that no answer is under way to, nor to an older one of its generation: within one the order counts. */
  next(now: number): Batch | undefined {
    return this.#batches.find((batch, i) => {
      if (isWithin(batch.busy, now)) return false
      for (let older = 0; older < i; older++) {
        const { generation, busy } = this.#batches[older]!
        if (generation === batch.generation && isWithin(busy, now)) return false
      }
      return true
    })
  }

  /** The oldest batch that no answer is under way to, whatever else is. */
  nextBeside(now: number): Batch | undefined {
    return this.#batches.find((batch) => !isWithin(batch.busy, now))
  }

  /** A batch as a report: new, or the same again where an answer is missing. */
  report(
    batch: Batch,
    snapshot: Snapshot | null,
    settings: Settings,
    busy: Span,
    origin: Origin = {},
  ): Omit<Report, 'type'> {
    // Counting keeps the names of one isolate apart where chance fails; chance keeps isolates apart.
    const word = this.#runtime.word?.() ?? (this.#limits.shared ? randomWord() : pooledWord())
    const flushId = (word + Math.imul(++this.#reports, GOLDEN)) | 0
    batch.busy = busy
    return batch.freeze(flushId, snapshot?.since ?? null, settings, origin)
  }

  /** What the storage said of a batch. Every verdict but `unknown` settles it. */
  answered(batch: Batch, verdict: Verdict): void {
    if (!this.#batches.includes(batch)) return
    // The only copy ever sent was certainly not counted: it goes again, under a new name.
    if (verdict === 'unknown' && batch.copies === 1) return batch.thaw()
    if (verdict === 'unknown') this.#drop(batch, 'unknown')
    else this.#remove(batch)
  }

  /** Nobody will send any of it any more. */
  abandon(): void {
    for (const batch of this.#batches) this.#drop(batch, 'disposed')
  }

  /** The storage will not have it. */
  refused(batch: Batch): void {
    this.#drop(batch, 'refused')
  }

  /** Forgets what a generation that has passed can no longer count: all but a late wish to be left alone, and what may have counted. */
  supersede(snapshot: Snapshot): void {
    this.#batches = this.#batches.filter(
      (batch) =>
        batch.frozen ||
        batch.size === 0 ||
        batch.generation >= snapshot.generation ||
        (batch.wishes && batch.generation === snapshot.previousGeneration),
    )
  }

  #drop(batch: Batch, why: Dropped['why']): void {
    this.#remove(batch)
    if (batch.size > 0) this.#dropped({ outcomes: batch.size, why })
  }

  #remove(batch: Batch): void {
    this.#batches = this.#batches.filter((other) => other !== batch)
  }
}
