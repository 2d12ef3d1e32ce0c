import { type NextCall, nextCall } from './admit.ts'
import { advance, total } from './buckets.ts'
import { liveLeases } from './lease.ts'
import { failuresIn } from './log.ts'
import { failingAlone } from './reporters.ts'
import type { CountRule, RateRule } from './settings.ts'
import type { Snapshot } from './snapshot.ts'
import { activeOverride, type Override, type Phase, phaseOf } from './state.ts'

/** What can be read out of a snapshot at the moment that it was made. */
export interface Reading {
  /** The status by the storage's clock: `OPEN` while its cooldown lasts, then `DUE`, whatever the row says. */
  readonly phase: Phase
  /**
   * What the next call meets: `admitted`, `probe` (it is let through, and decides), `rejected`, or `would-reject` (`METRICS_ONLY`
   * lets it through).
   */
  readonly nextCall: NextCall
  /** The order in force; one whose time is over is none. */
  readonly activeOverride: Override | null
  /** The newest outcomes that the breaker judges by, oldest first; `1` is a failure. */
  readonly window: string
  /** How many outcomes that window holds when it is full. */
  readonly windowSize: number
  readonly failures: number
  readonly successes: number
  /** Failures among the outcomes of the window, 0 to 1; null where there is none. */
  readonly failureRate: number | null
  /** The failure rate at which it opens; null where nobody reported settings. */
  readonly failureRateLimit: number | null
  /** The same as failures among so many outcomes; null where the limit is a rate. */
  readonly failureLimit: { readonly failures: number; readonly outOf: number } | null
  /** Probes that are out and whose lease stands. */
  readonly probesOut: number
  /** How many may be out at once; null where nobody reported settings. */
  readonly probeLimit: number | null
  /** How many isolates reject by themselves, because their own calls fail and those of others do not; as many as a row can name. */
  readonly failingAlone: number
  /** Until the cooldown of an open breaker ends, in milliseconds: 0 where it is over; null where it is not open, or no end is known. */
  readonly halfOpenInMs: number | null
}

/** How many outcomes stand for the window where its length is not a number of outcomes. */
const SHOWN = 100

export function readingOf(snapshot: Snapshot): Reading {
  const { settings, at } = snapshot
  const windowSize = windowOf(snapshot)
  const window = snapshot.log.slice(-windowSize)
  const counts = countsOf(snapshot, window)
  const all = counts.failures + counts.successes
  const limit = limitOf(snapshot)
  return {
    phase: phaseOf(snapshot, at),
    nextCall: nextCall(snapshot, settings, at),
    activeOverride: activeOverride(snapshot, at),
    window,
    windowSize,
    ...counts,
    failureRate: all === 0 ? null : counts.failures / all,
    failureRateLimit:
      limit === null ? null : 'rate' in limit ? limit.rate : limit.failures / limit.outOf,
    failureLimit: limit === null || 'rate' in limit ? null : limit,
    probesOut: snapshot.status === 'HALF_OPEN' ? liveLeases(snapshot, at).length : 0,
    probeLimit: settings?.probeConcurrency ?? null,
    failingAlone: snapshot.status === 'CLOSED' ? failingAlone(snapshot.reporters, at) : 0,
    halfOpenInMs: snapshot.status === 'OPEN' ? snapshot.retryAfterMs : null,
  }
}

/** Half-open, it is the probes that have a limit: as many failures as make the successes impossible. */
function limitOf({ status, settings }: Snapshot): CountRule | RateRule | null {
  if (settings === null || status !== 'HALF_OPEN') return settings?.trip ?? null
  return { failures: settings.probes - settings.successes + 1, outOf: settings.probes }
}

function windowOf({ status, settings, log }: Snapshot): number {
  if (settings === null) return Math.max(1, Math.min(log.length, SHOWN))
  if (status === 'HALF_OPEN') return settings.probes
  return 'outOf' in settings.trip ? settings.trip.outOf : SHOWN
}

/** A time window counts in buckets, and goes on moving while nobody reports. */
function countsOf(snapshot: Snapshot, window: string): { failures: number; successes: number } {
  const { settings } = snapshot
  if (snapshot.status === 'CLOSED' && settings !== null && 'rate' in settings.trip) {
    const { failures, successes } = advance(snapshot.buckets, settings.trip.bucketMs, snapshot.at)
    return { failures: total(failures), successes: total(successes) }
  }
  const failures = failuresIn(window)
  return { failures, successes: window.length - failures }
}

/** What the storage said of a breaker, and what can be read out of it: the JSON of the command line and the dashboard. */
export type ReadSnapshot = Snapshot & Reading

export function withReading(snapshot: Snapshot): ReadSnapshot {
  return { ...snapshot, ...readingOf(snapshot) }
}
