import { MAX_WINDOW } from '../core/limits.ts'
import { failuresIn } from '../core/log.ts'
import type { Settings } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'

/** How many windows back a failure still makes the shared window dirty: isolates must agree on that while answers are under way. */
const DIRTY_WINDOWS = 10

/** As many outcomes as are looked at for a failure. So many successes in a row say all that any number of them could. */
export function horizon(outOf: number): number {
  return Math.min(MAX_WINDOW, DIRTY_WINDOWS * outOf)
}

/**
 * Is the shared window full of successes, and was it a short while ago, so that one more says nothing? A time window moves on: it
 * always wants its successes.
 */
export function isSettled(snapshot: Snapshot, { trip }: Settings): boolean {
  if (!('outOf' in trip) || snapshot.log.length < trip.outOf) return false
  return snapshot.status !== 'CLOSED' || failuresIn(snapshot.log, horizon(trip.outOf)) === 0
}
