import { nextFreeMs } from './lease.ts'
import { type BreakerState, INDEFINITE, isDue, type StoredState } from './state.ts'

/** What a storage last said about one breaker. */
export type Snapshot = BreakerState & {
  readonly resourceKey: string
  readonly namespace: string
  /** The storage's clock when it said so, in milliseconds since 1970. Every instant in a snapshot is to be read against it. */
  readonly at: number
  /** The newest flush id in the row; goes back with the next report as its `since`. */
  readonly since: number | null
  /** How long a rejected caller should wait from `at`: 0 where nothing need be waited for, null where no end is known. */
  readonly retryAfterMs: number | null
}

/** How long a call that would be rejected at `now` should wait, in milliseconds; 0: not at all; null: no end is known. */
export function retryAfterMs(state: BreakerState, now: number): number | null {
  switch (state.status) {
    case 'CLOSED':
      return 0
    case 'HALF_OPEN':
      return nextFreeMs(state, now)
    case 'OPEN':
      if (isDue(state, now)) return 0
      return state.openUntil >= INDEFINITE ? null : state.openUntil - now
  }
}

export function snapshotOf(
  stored: StoredState,
  resourceKey: string,
  namespace: string,
  at: number,
): Snapshot {
  // Field by field, and added to: a spread of so many would take longer than all else that a storage in memory does for a call.
  const common = {
    resourceKey,
    namespace,
    at,
    since: stored.flushIds[0] ?? null,
    retryAfterMs: retryAfterMs(stored, at),
    generation: stored.generation,
    previousGeneration: stored.previousGeneration,
    version: stored.version,
    log: stored.log,
    failureCount: stored.failureCount,
    opens: stored.opens,
    cause: stored.cause,
    override: stored.override,
    wouldReject: stored.wouldReject,
    settings: stored.settings,
    reporters: stored.reporters,
    traffic: stored.traffic,
    updatedAt: stored.updatedAt,
  }
  switch (stored.status) {
    case 'CLOSED':
      return Object.assign(common, { status: 'CLOSED', buckets: stored.buckets } as const)
    case 'OPEN':
      return Object.assign(common, {
        status: 'OPEN',
        openUntil: stored.openUntil,
        cooldownMs: stored.cooldownMs,
      } as const)
    case 'HALF_OPEN':
      return Object.assign(common, {
        status: 'HALF_OPEN',
        leases: stored.leases,
        leaseMs: stored.leaseMs,
      } as const)
  }
}
