import { advance, count, total } from './buckets.ts'
import type { Report, Step } from './event.ts'
import { FAILURE, failuresIn, trimmed } from './log.ts'
import { closed, opened, written } from './move.ts'
import { failedBy, heard, tripping } from './reporters.ts'
import { cooldownAfter, type Settings } from './settings.ts'
import {
  activeOverride,
  type Cause,
  type Closed,
  type HalfOpen,
  RING,
  type StoredState,
} from './state.ts'
import { accounted } from './traffic.ts'
import { take, windowOf } from './window.ts'

/** What a report does. Every way out before the last one writes nothing, and says why. */
export function report(state: StoredState, event: Report, now: number): Step<StoredState> {
  const nothing = (verdict: Step['verdict']): Step<StoredState> => ({ state, verdict })
  if (event.outcomes === '' && event.released.length === 0 && event.wouldReject === 0)
    return nothing('none')
  if (state.flushIds.includes(event.flushId)) return nothing('duplicate')
  if (event.since === null ? state.flushIds.length >= RING : !state.flushIds.includes(event.since))
    return nothing('unknown')

  const judged = judge(state, event, now)
  if (judged.state === state && event.wouldReject === 0) return nothing(judged.verdict)
  const after: StoredState = {
    ...judged.state,
    flushIds: [event.flushId, ...state.flushIds].slice(0, RING),
    wouldReject: state.wouldReject + event.wouldReject,
    settings: event.settings,
    reporters: heard(judged.state.reporters, event, now),
  }
  return { state: written(state, after, now), verdict: judged.verdict }
}

function judge(state: StoredState, event: Report, now: number): Step<StoredState> {
  const override = activeOverride(state, now)
  if (override !== null && override.kind !== 'METRICS_ONLY') return { state, verdict: 'overridden' }
  if (state.status === 'OPEN') {
    // A late failure of the generation that tripped may still bring the dependency's wish to be left alone for longer.
    const { retryAfterMs } = event
    if (
      event.generation !== state.previousGeneration ||
      retryAfterMs === null ||
      now + retryAfterMs <= state.openUntil
    )
      return { state, verdict: 'stale' }
    return {
      state: { ...state, openUntil: now + retryAfterMs, cooldownMs: retryAfterMs },
      verdict: 'extended',
    }
  }
  if (event.generation !== state.generation) return { state, verdict: 'stale' }
  if (state.status === 'HALF_OPEN') return judgeProbes(state, event, now)
  if (event.outcomes === '') return { state, verdict: 'stale' }
  const most = tripping(state, event, now)
  const { traffic, outcomes } = accounted(state, event, now)
  const replayed = replay(state, outcomes, event.settings, now, most)
  const reporters = failedBy(state.reporters, event.reporter, replayed.failures)
  const after = { ...replayed.state, reporters, traffic }
  return { state: decided(after, replayed.cause, event, now), verdict: 'counted' }
}

/** Only probes whose token is listed count, and each only once. */
function judgeProbes(state: HalfOpen & StoredState, event: Report, now: number): Step<StoredState> {
  const reported = new Set([...event.tokens, ...event.released])
  const leases = state.leases.filter((token) => !reported.has(token))
  if (leases.length === state.leases.length) return { state, verdict: 'stale' }
  const listed = [...event.outcomes]
    .filter((_, i) => state.leases.includes(event.tokens[i]!))
    .join('')
  const { probes, successes } = event.settings
  let { log } = state
  let cause: Cause | null = null
  for (const bit of listed) {
    log = trimmed(log + bit)
    const failures = failuresIn(log, probes)
    if (Math.min(log.length, probes) - failures >= successes) cause = 'probes_succeeded'
    else if (failures > probes - successes) cause = 'probes_failed'
    if (cause !== null) break
  }
  return {
    state: decided(
      { ...state, leases, log, failureCount: failuresIn(log, probes) },
      cause,
      event,
      now,
    ),
    verdict: 'counted',
  }
}

/** The state after what the outcomes decided; or what the reporter decided for them, where its dependency said when to come back. */
function decided(
  state: (Closed | HalfOpen) & StoredState,
  cause: Cause | null,
  event: Report,
  now: number,
): StoredState {
  const why = cause ?? (event.trip ? 'retry_after' : null)
  if (why === null) return state
  if (why === 'probes_succeeded') return closed(state, why, now)
  return opened(
    state,
    why,
    now,
    Math.max(cooldownAfter(event.settings, state.opens + 1), event.retryAfterMs ?? 0),
  )
}

/**
 * A closed breaker after more outcomes, one by one; what follows the tripping one belongs to a dead generation and is dropped. An
 * isolate asks this of its own view, too.
 * @param most how many failures among them may trip it, from the first one on
 */
export function replay<S extends Closed>(
  state: S,
  outcomes: string,
  settings: Settings,
  now: number,
  most?: number,
): { state: S; cause: Cause | null; failures: number } {
  const { trip } = settings
  const tripping = outcomes.includes(FAILURE)
    ? take(windowOf(state, settings, now), outcomes, most)
    : undefined
  const counted = outcomes.slice(0, tripping)
  const failures = failuresIn(counted)
  const log = trimmed(state.log + counted)
  if ('outOf' in trip) {
    const cause = tripping === undefined ? null : 'failure_limit'
    return { state: { ...state, log, failureCount: failuresIn(log, trip.outOf) }, cause, failures }
  }
  const buckets = count(
    advance(state.buckets, trip.bucketMs, now),
    counted.length - failures,
    failures,
  )
  const cause = tripping === undefined ? null : 'failure_rate'
  return {
    state: { ...state, log, buckets, failureCount: total(buckets.failures) },
    cause,
    failures,
  }
}
