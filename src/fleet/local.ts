import type { Report } from '../core/event.ts'
import type { Settings } from '../core/settings.ts'
import { NO_TRAFFIC, type StoredState } from '../core/state.ts'
import { transition } from '../core/transition.ts'

/** While the storage does not answer, one probe of each isolate decides for it. */
const SINGLE_PROBE = { probes: 1, successes: 1, probeConcurrency: 1 } as const
/** By how much of itself a cooldown is lengthened then, at most: a fleet that lost its storage should not come back in step. */
const LONGER = 0.5

const NOTHING = { outcomes: '', tokens: [], released: [], retryAfterMs: null, trip: false } as const

/** May a call be made, by this isolate's own lights? */
export function admittedLocally(
  state: StoredState,
  settings: Settings,
  t: number,
): ReturnType<typeof transition> {
  return transition(
    state,
    { type: 'acquire', leaseMs: settings.probeLeaseMs, settings: { ...settings, ...SINGLE_PROBE } },
    t,
  )
}

/** The state after outcomes that no storage is told of. `chance`: from 0 up to 1. */
export function reportedLocally(
  state: StoredState,
  report: Pick<Report, 'generation'> & Partial<Report>,
  settings: Settings,
  t: number,
  chance: number,
): StoredState {
  const cooldownMs = settings.cooldownMs.map((ms) => Math.ceil(ms * (1 + LONGER * chance)))
  const own = { ...settings, ...SINGLE_PROBE, cooldownMs }
  // By its own calls alone: what those of others are, it cannot know.
  // There are no repeats here: the id says nothing, and is forgotten.
  const named = { type: 'report', flushId: 0, since: null, wouldReject: 0, settings: own } as const
  return {
    ...transition(
      { ...state, traffic: NO_TRAFFIC, flushIds: [] },
      { ...NOTHING, ...report, ...named },
      t,
    ).state,
    flushIds: [],
  }
}
