import type { Acquire, Step } from './event.ts'
import { granted, liveLeases } from './lease.ts'
import { halfOpened, written } from './move.ts'
import type { Settings } from './settings.ts'
import { activeOverride, type HalfOpen, isDue, type StoredState } from './state.ts'

/** May this call be made? Writes only where it hands out a probe. */
export function admit(state: StoredState, event: Acquire, now: number): Step<StoredState> {
  const override = activeOverride(state, now)?.kind
  if (override === 'DISABLED' || state.status === 'CLOSED') return { state, verdict: 'admitted' }
  const half =
    state.status === 'HALF_OPEN'
      ? state
      : isDue(state, now)
        ? halfOpened(state, 'cooldown_over', now)
        : undefined
  if (half === undefined || !hasRoom(half, event.settings, now)) {
    return { state, verdict: override === 'METRICS_ONLY' ? 'would-reject' : 'rejected' }
  }
  const { state: after, token } = granted(half, event.leaseMs, now)
  return {
    state: written(state, { ...after, flushIds: state.flushIds, settings: event.settings }, now),
    verdict: 'probe',
    token,
  }
}

/** May one more probe go out? Never less than one place, so that a window which shrinks in a rolling deploy cannot wedge the breaker. */
export function hasRoom(
  state: HalfOpen,
  { probes, probeConcurrency }: Settings,
  now: number,
): boolean {
  return (
    liveLeases(state, now).length <
    Math.max(1, Math.min(probeConcurrency, probes - state.log.length))
  )
}
