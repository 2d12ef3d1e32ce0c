import type { Snapshot } from '../core/snapshot.ts'

/** How many writes a second the fleet should put on one row; a hot row's limit is one over its commit latency. */
const WRITES_PER_SECOND = 250
/** Over less than this a rate says nothing. */
const LEAST_MS = 20

/**
 * The share of its outcomes that an isolate reports of a row that the fleet writes too often: read off the row itself, whose version
 * grows with each write. Successes and failures are thinned alike, so that their ratio stays what it is.
 */
export class Thinning {
  #share = 1

  get share(): number {
    return this.#share
  }

  observe(before: Snapshot | null, after: Snapshot): void {
    if (before === null || before.generation !== after.generation) {
      this.#share = 1
      return
    }
    const elapsed = after.at - before.at
    const writes = after.version - before.version
    if (elapsed < LEAST_MS || writes < 0) return
    const rate = (writes * 1_000) / elapsed
    // The rate is what all have thinned to by now: the share follows it, down at once and up by steps.
    this.#share = Math.min(1, 2 * this.#share, Math.max(0.001, (this.#share * WRITES_PER_SECOND) / Math.max(rate, 1)))
  }
}
