import type { Acquire, Step, Verdict } from './event.ts'
import { granted, liveLeases } from './lease.ts'
import { halfOpened, written } from './move.ts'
import type { Settings } from './settings.ts'
import {
  activeOverride,
  type BreakerState,
  type HalfOpen,
  isDue,
  type StoredState,
} from './state.ts'

/** What the next call meets: it is let through, sent as a probe, or rejected. */
export type NextCall = Extract<Verdict, 'admitted' | 'probe' | 'would-reject' | 'rejected'>

/**
 * What a call at `now` meets. Readers show this, and `admit` follows it: what only time has ended
 * never shows as if it still held.
 */
export function nextCall(state: BreakerState, settings: Settings | null, now: number): NextCall {
  const override = activeOverride(state, now)?.kind
  if (override === 'DISABLED' || state.status === 'CLOSED') return 'admitted'
  if (state.status === 'OPEN' ? isDue(state, now) : hasRoom(state, settings, now)) return 'probe'
  return override === 'METRICS_ONLY' ? 'would-reject' : 'rejected'
}

/** May this call be made? Writes only where it hands out a probe. */
export function admit(state: StoredState, event: Acquire, now: number): Step<StoredState> {
  const verdict = nextCall(state, event.settings, now)
  if (verdict !== 'probe' || state.status === 'CLOSED') return { state, verdict }
  const half = state.status === 'OPEN' ? halfOpened(state, 'cooldown_over', now) : state
  const { state: after, token } = granted(half, event.leaseMs, now)
  return {
    state: written(state, { ...after, flushIds: state.flushIds, settings: event.settings }, now),
    verdict,
    token,
  }
}

/** May one more probe go out? Never less than one place, so that a window which shrinks in a rolling deploy cannot wedge the breaker. Without settings it is one. */
export function hasRoom(state: HalfOpen, settings: Settings | null, now: number): boolean {
  const places =
    settings === null ? 1 : Math.min(settings.probeConcurrency, settings.probes - state.log.length)
  return liveLeases(state, now).length < Math.max(1, places)
}
