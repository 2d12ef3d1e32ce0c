import { failuresIn } from './log.ts'
import { closed, halfOpened, opened, written } from './move.ts'
import { DAY_MS } from './settings.ts'
import { type CircuitState, isDue, type StoredState } from './state.ts'

/** What another program wrote over the columns that it shares with us. */
export interface ForeignWrite {
  readonly status: CircuitState
  readonly failureCount: number
  /** Milliseconds of the storage's clock, or null. */
  readonly openUntil: number | null
  /**
   * True where the writer also wrote its window, as the Python library does since 0.6. Its ordinary write leaves an unexpired open
   * alone, so that over one it means what it says. Default false: 0.4 writes blindly, and 0.5 cannot be told from it.
   */
  readonly window?: boolean
}

/**
 * Takes a foreign write in, or undoes it. Version 0.4 of the Python library writes its own memory over the row after every call, so
 * a process that missed our opening would close it: only what it can know better is believed. Later versions reset on purpose.
 */
export function reconcile(state: StoredState, foreign: ForeignWrite, now: number): StoredState {
  return { ...written(state, reconciled(state, foreign, now), now), updatedAt: now }
}

function reconciled(state: StoredState, foreign: ForeignWrite, now: number): StoredState {
  const over = state.status !== 'OPEN' || isDue(state, now)
  const meant = !over && foreign.window === true
  if (foreign.status === 'OPEN') {
    const left = Math.min(Math.max((foreign.openUntil ?? now) - now, 0), DAY_MS)
    if (state.status !== 'OPEN')
      return opened({ ...state, failureCount: foreign.failureCount }, 'foreign', now, left)
    // 0.4 writes back whole seconds of what it read from us: the later end stands.
    return undone(
      over || meant || now + left > state.openUntil
        ? { ...state, openUntil: now + left, cooldownMs: left }
        : state,
    )
  }
  if (foreign.status === state.status || !(over || meant)) return undone(state)
  if (foreign.status === 'HALF_OPEN') return halfOpened(state, 'foreign', now)
  return meant || foreign.failureCount === 0 ? closed(state, 'foreign', now) : undone(state)
}

/** Our own columns stand; the count of failures, which we keep no copy of, is taken from the log. */
function undone(state: StoredState): StoredState {
  return { ...state, failureCount: failuresIn(state.log) }
}
