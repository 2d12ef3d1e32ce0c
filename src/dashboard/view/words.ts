import { html } from 'hono/html'
import { formatDuration } from '../../core/duration.ts'
import { BUCKETS } from '../../core/limits.ts'
import type { Reading } from '../../core/reading.ts'
import type { Settings } from '../../core/settings.ts'
import type { Cause, OverrideKind, Phase } from '../../core/state.ts'
import { type Html, number, percent } from './format.ts'

export const STATUS: Readonly<Record<Phase, string>> = {
  OPEN: 'Open',
  DUE: 'Due',
  HALF_OPEN: 'Half-open',
  CLOSED: 'Closed',
}

export const OVERRIDE: Readonly<Record<OverrideKind, string>> = {
  FORCED_OPEN: 'Isolated',
  DISABLED: 'Disabled',
  METRICS_ONLY: 'Metrics only',
}

export const CAUSE: Readonly<Record<Cause, string>> = {
  failure_limit: 'Failure limit reached',
  failure_rate: 'Failure rate reached',
  retry_after: 'Asked to be left alone',
  cooldown_over: 'Cooldown over',
  probes_failed: 'Probes failed',
  probes_succeeded: 'Probes succeeded',
  foreign: 'Changed by another program',
  opened: 'Opened by hand',
  closed: 'Closed by hand',
  isolated: 'Isolated',
  overridden: 'Override changed',
  reset: 'Reset',
  removed: 'Removed',
}

/** What an operator did, and not the machine. */
export const BY_HAND: ReadonlySet<Cause> = new Set<Cause>([
  'opened',
  'closed',
  'isolated',
  'overridden',
  'reset',
  'removed',
])

/** A shape of its own for each: a ring that is whole, half full, or a clock; or an octagon. */
const ICON: Readonly<Record<Phase, Html>> = {
  CLOSED: html`<circle cx="8" cy="8" r="6.25"/><path d="m5.2 8.2 2 2 3.6-4.2"/>`,
  HALF_OPEN: html`<circle cx="8" cy="8" r="6.25"/><path class="solid" d="M8 1.75a6.25 6.25 0 0 1 0 12.5z"/>`,
  DUE: html`<circle cx="8" cy="8" r="6.25"/><path d="M8 4.4V8l2.6 1.7"/>`,
  OPEN: html`<path class="solid" d="M5.4 1h5.2L15 5.4v5.2L10.6 15H5.4L1 10.6V5.4z"/><path class="cut" d="M5.3 5.3l5.4 5.4m0-5.4-5.4 5.4"/>`,
}

export function icon(status: Phase): Html {
  return html`<svg class="icon" aria-hidden="true" width="16" height="16" viewBox="0 0 16 16">${ICON[status]}</svg>`
}

export function badge(status: Phase, classes = `is-${status}`): Html {
  return html`<span class="badge ${classes}">${icon(status)}${STATUS[status]}</span>`
}

/** When a breaker trips, in words. */
export function limitInWords({ trip }: Settings): string {
  return 'rate' in trip
    ? `${percent(trip.rate)} of at least ${number(trip.minimum)} calls within ${formatDuration(trip.bucketMs * BUCKETS)}`
    : `${number(trip.failures)} failures among the last ${number(trip.outOf)}`
}

/** Cooldowns as they grow with each open in a row. */
export function cooldownsInWords(cooldownMs: readonly number[]): string {
  const steps = cooldownMs.filter((ms, i) => ms !== cooldownMs[i - 1])
  const words = steps.map(formatDuration)
  return words.length <= 4
    ? words.join(', then ')
    : `${words.slice(0, 3).join(', ')} … ${words.at(-1)}`
}

/**
 * The classes that colour a breaker. Red is for what rejects calls: an open one does not, once due,
 * or while an order lets all through.
 */
export function lookOf({ phase, nextCall }: Reading): string {
  const isLax = phase !== 'CLOSED' && (nextCall === 'admitted' || nextCall === 'would-reject')
  return `is-${phase}${isLax ? ' is-lax' : ''}`
}
