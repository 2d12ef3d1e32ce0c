import type { Snapshot } from '../core/snapshot.ts'

/** How many writes a second the fleet should put on one row; a hot row's limit is one over its commit latency. */
const WRITES_PER_SECOND = 200
/** Over less than this a rate is mostly chance. */
const LEAST_MS = 500
/** How the share follows the rate: down with a power of it, for a row that is full hides how much more is waiting; up by steps. */
const REACTION = 2
const GROWTH = 1.5
/** So few that an isolate hardly ever reports, but the fleet does. */
const LEAST_SHARE = 0.001

/**
 * The share of its outcomes that an isolate reports of a row that the fleet writes too often: read off the row itself, whose version
 * grows with each write. Successes and failures are thinned alike, so that their ratio stays what it is.
 */
export class Thinning {
  #share = 1
  #base: Snapshot | null = null

  get share(): number {
    return this.#share
  }

  observe(snapshot: Snapshot): void {
    const base = this.#base
    const elapsed = base === null ? 0 : snapshot.at - base.at
    const same =
      base !== null && base.generation === snapshot.generation && snapshot.version >= base.version
    if (same && elapsed >= 0 && elapsed < LEAST_MS) return
    this.#base = snapshot
    // A fleet is as large as it was before it stopped: the share stands while it does, and while it starts again.
    if (!same || elapsed < 0 || snapshot.status !== 'CLOSED') return
    const rate = ((snapshot.version - base.version) * 1_000) / elapsed
    const change = WRITES_PER_SECOND / Math.max(rate, 1)
    this.#share = Math.min(
      1,
      Math.max(
        LEAST_SHARE,
        this.#share * (change < 1 ? change ** REACTION : Math.min(GROWTH, change)),
      ),
    )
  }
}
