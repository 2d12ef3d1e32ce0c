import type { Show, Step } from './event.ts'
import { written } from './move.ts'
import { shown } from './reporters.ts'
import type { StoredState } from './state.ts'

/** An isolate makes itself known to a closed breaker. A row that nothing was reported to is not made for that. */
export function show(state: StoredState, event: Show, now: number): Step<StoredState> {
  const nothing = { state, verdict: 'none' } as const
  if (state.status !== 'CLOSED' || state.version === 0) return nothing
  const reporters = shown(state.reporters, event, now)
  if (reporters === state.reporters) return nothing
  return { state: written(state, { ...state, reporters }, now), verdict: 'none' }
}
