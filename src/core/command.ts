import type { Command, Order, Step } from './event.ts'
import { closed, opened, written } from './move.ts'
import { INDEFINITE, type Override, type StoredState } from './state.ts'

/** What an operator's command does. It always writes, and always leaves a line in the audit log. */
export function command(state: StoredState, event: Command, now: number): Step<StoredState> {
  return {
    state: { ...written(state, commanded(state, event, now), now), updatedAt: now },
    verdict: 'commanded',
  }
}

function commanded(
  state: StoredState,
  { order, actor, reason }: Command,
  now: number,
): StoredState {
  switch (order.command) {
    case 'open':
      return opened(
        state,
        'opened',
        now,
        order.cooldownMs[Math.min(state.opens, order.cooldownMs.length - 1)]!,
      )
    case 'close':
      return { ...closed(state, 'closed', now), override: null }
    case 'reset':
      return { ...closed(state, 'reset', now), override: null, wouldReject: 0 }
    case 'override': {
      const override = standingOrder(order, actor, reason, now)
      return override?.kind === 'FORCED_OPEN'
        ? isolated(state, override, now)
        : overridden(state, override, now)
    }
  }
}

type OverrideOrder = Extract<Order, { command: 'override' }>

function standingOrder(
  { override, forMs }: OverrideOrder,
  actor: string | null,
  reason: string | null,
  now: number,
): Override | null {
  if (override === null) return null
  return {
    kind: override,
    until: forMs === null ? null : now + forMs,
    durationMs: forMs,
    actor,
    reason,
  }
}

/** An open in its own right, so that programs which know no overrides obey it too. It says nothing about the dependency: `opens` stays. */
function isolated(state: StoredState, override: Override, now: number): StoredState {
  const isolation = opened(
    state,
    'isolated',
    now,
    override.durationMs ?? INDEFINITE,
    override.until ?? INDEFINITE,
  )
  return { ...isolation, opens: state.opens, override }
}

/** Leaves the status and its window alone; but an isolation that is lifted, or replaced, is an open whose time is over. */
function overridden(state: StoredState, override: Override | null, now: number): StoredState {
  const lifted =
    state.status === 'OPEN' && state.override?.kind === 'FORCED_OPEN' ? { openUntil: now } : {}
  return { ...state, ...lifted, override }
}
