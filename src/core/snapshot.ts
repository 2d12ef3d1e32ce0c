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

export function snapshotOf(stored: StoredState, resourceKey: string, namespace: string, at: number): Snapshot {
  const { flushIds, ...state } = stored
  return { ...state, resourceKey, namespace, at, since: flushIds[0] ?? null, retryAfterMs: retryAfterMs(state, at) }
}
