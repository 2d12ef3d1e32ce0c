import { setTimeout as sleep } from 'node:timers/promises'

/** What every contender's breaker has in common: opens at 5 failures of the last 10, closes at 3 successes of 5 probes. */
export const LIMITS = { failures: 5, window: 10, successes: 3, probes: 5 } as const

/** How long the dependency takes. */
const CALL_MS = 10

export async function dependency(fails: boolean): Promise<void> {
  await sleep(CALL_MS)
  if (fails) throw new Error('the dependency is down')
}

/** A breaker as textbooks have it: what the peers that keep a row keep in it. */
export interface Textbook {
  readonly status: 'CLOSED' | 'OPEN' | 'HALF_OPEN'
  /** `1` is a failure. */
  readonly log: string
  /** Milliseconds since 1970. */
  readonly openUntil: number
}

export const NEW: Textbook = { status: 'CLOSED', log: '', openUntil: 0 }

/** The state that admits a call, or null: it is rejected. */
export function admitted(state: Textbook, now: number): Textbook | null {
  if (state.status !== 'OPEN') return state
  return now < state.openUntil ? null : { status: 'HALF_OPEN', log: '', openUntil: 0 }
}

export function recorded(
  state: Textbook,
  failed: boolean,
  now: number,
  cooldownMs: number,
): Textbook {
  if (state.status === 'OPEN') return state
  const size = state.status === 'CLOSED' ? LIMITS.window : LIMITS.probes
  const log = (state.log + (failed ? '1' : '0')).slice(-size)
  const failures = [...log].filter((bit) => bit === '1').length
  if (log.length < size) return { ...state, log }
  const opens =
    state.status === 'CLOSED'
      ? failures >= LIMITS.failures
      : log.length - failures < LIMITS.successes
  if (opens) return { status: 'OPEN', log, openUntil: now + cooldownMs }
  return state.status === 'CLOSED' ? { ...state, log } : NEW
}
