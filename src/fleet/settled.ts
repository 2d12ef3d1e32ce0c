import { MAX_WINDOW } from '../core/limits.ts'
import { failuresIn } from '../core/log.ts'
import type { Settings } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { knowsCalls } from '../core/traffic.ts'

/** How many windows back a failure still makes the shared window dirty: isolates must agree on that while answers are under way. */
const DIRTY_WINDOWS = 10

/** As many outcomes as are looked at for a failure. So many successes in a row say all that any number of them could. */
export function horizon(outOf: number): number {
  return Math.min(MAX_WINDOW, DIRTY_WINDOWS * outOf)
}

/**
 * Does one more success say nothing? The row knows how many calls the fleet makes; or the shared window is full of successes, and was
 * it a short while ago. A time window moves on: it always wants its successes.
 */
export function isSettled(snapshot: Snapshot, { trip }: Settings): boolean {
  if (!('outOf' in trip) || snapshot.log.length < trip.outOf) return false
  if (snapshot.status !== 'CLOSED' || knowsCalls(snapshot.traffic, snapshot.at)) return true
  return failuresIn(snapshot.log, horizon(trip.outOf)) === 0
}
