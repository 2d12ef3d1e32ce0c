import { resumed } from './reporters.ts'
import type { Cause, Closed, HalfOpen, Open, StoredState } from './state.ts'
import { trafficAgain } from './traffic.ts'

/** The storage's clock in milliseconds, unless that stepped back: no generation is ever used twice, not even after a restore. */
function nextGeneration(
  state: StoredState,
  now: number,
): { generation: number; previousGeneration: number } {
  return { generation: Math.max(state.generation + 1, now), previousGeneration: state.generation }
}

/** What every status carries, taken out of the one that is left. An isolation ends with the open that it marks. */
function common(state: StoredState) {
  const { previousGeneration, version, log, failureCount, opens, wouldReject, settings, flushIds } =
    state
  const override = state.override?.kind === 'FORCED_OPEN' ? null : state.override
  return {
    previousGeneration,
    version,
    log,
    failureCount,
    opens,
    override,
    wouldReject,
    settings,
    flushIds,
    updatedAt: state.updatedAt,
    reporters: state.reporters,
    traffic: state.traffic,
  }
}

type Stored<S> = S & Pick<StoredState, 'flushIds'>

/** Keeps the log: it shows what opened the breaker. */
export function opened(
  state: StoredState,
  cause: Cause,
  now: number,
  cooldownMs: number,
  openUntil?: number,
): Stored<Open> {
  return {
    ...common(state),
    ...nextGeneration(state, now),
    status: 'OPEN',
    cause,
    opens: state.opens + 1,
    openUntil: openUntil ?? now + cooldownMs,
    cooldownMs,
  }
}

export function halfOpened(state: StoredState, cause: Cause, now: number): Stored<HalfOpen> {
  return {
    ...common(state),
    ...nextGeneration(state, now),
    status: 'HALF_OPEN',
    cause,
    log: '',
    failureCount: 0,
    leases: [],
    leaseMs: 0,
  }
}

export function closed(state: StoredState, cause: Cause, now: number): Stored<Closed> {
  return {
    ...common(state),
    ...nextGeneration(state, now),
    status: 'CLOSED',
    cause,
    log: '',
    failureCount: 0,
    opens: 0,
    reporters: resumed(state.reporters, now),
    traffic: trafficAgain(state.traffic, now),
    buckets: null,
  }
}

/** How long `updatedAt` may lag behind writes that change nothing visible: a lagging clock costs less than a busy one. */
const TOUCH_MS = 3_600_000

/** A write: one version on, and `updatedAt` moved where something visible changed, or at most hourly. */
export function written<S extends StoredState>(before: StoredState, after: S, now: number): S {
  const until = (s: StoredState) => (s.status === 'OPEN' ? s.openUntil : null)
  const visible =
    before.status !== after.status ||
    before.failureCount !== after.failureCount ||
    before.log !== after.log ||
    until(before) !== until(after)
  const age = now - before.updatedAt
  return {
    ...after,
    version: before.version + 1,
    updatedAt: visible || age >= TOUCH_MS || age < 0 ? now : before.updatedAt,
  }
}
