import type { Show, Step } from './event.ts'
import { written } from './move.ts'
import { shown } from './reporters.ts'
import type { StoredState } from './state.ts'
import { toldOf } from './traffic.ts'

/** An isolate makes itself known to a closed breaker. A row that nothing was reported to is not made for that. */
export function show(state: StoredState, event: Show, now: number): Step<StoredState> {
  const nothing = { state, verdict: 'none' } as const
  if (state.status !== 'CLOSED' || state.version === 0) return nothing
  const traffic = toldOf(state.traffic, event.tell, now)
  const reporters = shown(state.reporters, event, now, traffic !== state.traffic)
  if (reporters === state.reporters) return nothing
  return { state: written(state, { ...state, reporters, traffic }, now), verdict: 'none' }
}
