import type { Isolate } from './isolate.ts'
import type { StopReport } from './report.ts'

/**
 * How many times the storage's latency the gap between two flushes may last, at most a second: see
 * the replica.
 */
const LONGEST_GAP_MS = 1_000

/** Watches a fleet stop, when its dependency dies for the first time. */
export class Stop {
  readonly #maxStalenessMs: number
  #diedAt: number | null = null
  #limitAt: number | null = null
  #openedAt: number | null = null
  #over = false
  #late = 0
  #reached = 0
  /** The longest that the storage took. */
  roundTripMs = 0

  constructor(maxStalenessMs: number) {
    this.#maxStalenessMs = maxStalenessMs
  }

  get watching(): boolean {
    return this.#diedAt !== null && !this.#over
  }

  died(now: number): void {
    this.#diedAt ??= now
  }

  /** The dependency is no longer dead. */
  revived(): void {
    if (this.#diedAt !== null) this.#over = true
  }

  limitReached(now: number): void {
    if (this.watching) this.#limitAt ??= now
  }

  opened(now: number): void {
    if (this.watching) this.#openedAt ??= now
  }

  failed(isolate: Isolate, now: number): void {
    if (!this.watching) return
    // What was sent before cannot have come back with it.
    if (this.#openedAt !== null) isolate.firstFailureAt = Math.min(isolate.firstFailureAt, now)
  }

  wrote(isolate: Isolate, now: number): void {
    if (!this.watching) return
    if (this.#openedAt === null || now <= this.#openedAt + this.#maxStalenessMs)
      isolate.writesInTrip++
  }

  /** An isolate lets a call through that is no probe, and that came in at `arrived`. */
  reached(isolate: Isolate, arrived: number, now: number): void {
    if (!this.watching) return
    this.#reached++
    if (this.#openedAt !== null && arrived >= this.#openedAt) isolate.harmed = true
    isolate.lastReachedAt = now
    if (this.#openedAt !== null && now > this.#deadline(isolate, this.#openedAt)) this.#late++
  }

  /**
   * When an isolate has stopped at the latest: the staleness bound and one round trip after the row
   * opened; or, where a call of its own fails, one flight in progress, the gap and one round trip
   * after that.
   */
  #deadline({ firstFailureAt }: Isolate, openedAt: number): number {
    const known = openedAt + this.#maxStalenessMs + this.roundTripMs
    const own = firstFailureAt + 2 * this.roundTripMs + LONGEST_GAP_MS
    return Math.min(known, own)
  }

  report(isolates: Iterable<Isolate>, names: readonly string[], start: number): StopReport | null {
    if (this.#diedAt === null || this.#limitAt === null || this.#openedAt === null) return null
    const [diedAt, limitAt, openedAt] = [this.#diedAt, this.#limitAt, this.#openedAt]
    const times: number[] = []
    const unharmed: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]))
    let writesOfOneIsolate = 0
    for (const { group, harmed, lastReachedAt, writesInTrip } of isolates) {
      times.push(Math.max(0, lastReachedAt - limitAt))
      if (!harmed) unharmed[names[group]!]!++
      writesOfOneIsolate = Math.max(writesOfOneIsolate, writesInTrip)
    }
    times.sort((a, b) => a - b)
    const share = (p: number) =>
      times[Math.min(times.length - 1, Math.floor(p * times.length))] ?? 0
    return {
      diedAt: diedAt - start,
      limitAt: limitAt - start,
      openedAt: openedAt - start,
      medianMs: share(0.5),
      p99Ms: share(0.99),
      worstMs: share(1),
      late: this.#late,
      unharmed,
      reached: this.#reached,
      writesOfOneIsolate,
    }
  }
}
