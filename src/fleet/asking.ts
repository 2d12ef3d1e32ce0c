import { isWithin, type Runtime, type Span } from '../breaker/runtime.ts'
import type { Snapshot } from '../core/snapshot.ts'

/** How far the first asks after a cooldown spread, at most. */
const LONGEST_ASK_DELAY_MS = 1_000

/** When an isolate asks the storage whether a call may be made. Under `strong` it always does, at once. */
export class Asking {
  readonly #runtime: Runtime
  readonly #maxStalenessMs: number
  /** Acquires under way. One of a request that was torn down never says that it is done. */
  readonly #underWay = new Set<Span>()
  #afterCooldown = 0
  #afterRejection = 0

  constructor(runtime: Runtime, maxStalenessMs: number) {
    this.#runtime = runtime
    this.#maxStalenessMs = maxStalenessMs
  }

  /** How many acquires are under way. */
  underWay(now: number): number {
    for (const ask of this.#underWay) if (!isWithin(ask, now)) this.#underWay.delete(ask)
    return this.#underWay.size
  }

  /** An acquire begins; answers what to call when it is done. */
  begin(ask: Span): () => void {
    this.#underWay.add(ask)
    return () => this.#underWay.delete(ask)
  }

  /** How long an isolate waits before it asks, in milliseconds; 0 and less: not at all. */
  waits(status: Snapshot['status'], now: number): number {
    return (status === 'OPEN' ? this.#afterCooldown : this.#afterRejection) - now
  }

  /**
   * Those who wait for the end of a cooldown do not all ask at once. Who comes later, comes at a time of his own anyway.
   * @returns when this isolate asks; undefined where it waits for no end, or for none any more
   */
  scheduleAfterCooldown(snapshot: Snapshot, now: number): number | undefined {
    if (
      snapshot.status !== 'OPEN' ||
      snapshot.retryAfterMs === null ||
      this.#maxStalenessMs === 0
    ) {
      this.#afterCooldown = 0
      return undefined
    }
    const longest = Math.min(0.1 * snapshot.cooldownMs, LONGEST_ASK_DELAY_MS)
    if (snapshot.retryAfterMs <= 0) {
      // Further away than any spread: an order ended the cooldown early, and nothing is waited for.
      if (this.#afterCooldown - now > longest) this.#afterCooldown = 0
      return undefined
    }
    const spread = this.#runtime.random() * longest
    this.#afterCooldown = now + snapshot.retryAfterMs + spread
    return this.#afterCooldown
  }

  /** The storage said no: another may be the next to ask. */
  rejected(retryAfterMs: number | null, now: number): void {
    const wait = Math.min(retryAfterMs ?? 0, this.#maxStalenessMs)
    this.#afterRejection = now + wait * (0.8 + 0.4 * this.#runtime.random())
  }

  /** It waited for a place; here is one. */
  placeFreed(): void {
    this.#afterRejection = 0
  }

  /** The clock stepped back. */
  forgetInstants(): void {
    this.#afterCooldown = 0
    this.#afterRejection = 0
  }
}
