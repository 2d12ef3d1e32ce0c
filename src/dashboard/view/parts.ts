import { html } from 'hono/html'
import type { Reading } from '../../core/reading.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import type { Override } from '../../core/state.ts'
import { countdown, type Html, instant, number, percent } from './format.ts'
import { OVERRIDE } from './words.ts'

/** Nobody is out to find out: no time ends this, but a call. */
const PROBES = 'probes with the next call'

/** What there is to say beside a status. */
export function statusNote(
  { settings, opens }: Snapshot,
  { phase, halfOpenInMs, probesOut, successes }: Reading,
): Html | string {
  if (phase === 'DUE') return PROBES
  if (phase === 'OPEN')
    return halfOpenInMs === null ? 'until lifted' : html`half-open in ${countdown(halfOpenInMs)}`
  if (phase === 'HALF_OPEN') {
    const needed =
      settings === null
        ? []
        : [`${number(successes)} of ${number(settings.successes)} successes to close`]
    return [...needed, ...(probesOut === 0 ? [PROBES] : [])].join(' · ')
  }
  return opens > 0 ? `${number(opens)} opens in a row` : ''
}

const METER = 72

/** The failure rate as a bar, with a mark where the breaker opens. */
export function rate(reading: Reading): Html {
  const { failureRate, failureRateLimit, failures, successes } = reading
  const limit = failureRateLimit === null ? '' : limitNote(reading, failureRateLimit)
  if (failureRate === null)
    return html`<span class="none">–</span><span class="note">${limit}</span>`
  const over = failureRateLimit !== null && failureRate >= failureRateLimit
  const at = (ratio: number) => Math.round(ratio * METER * 10) / 10
  return html`<span class="rate"><svg class="meter ${over ? 'over' : ''}" aria-hidden="true" width="${METER}" height="12" viewBox="0 0 ${METER} 12"><rect class="track" y="3" width="${METER}" height="6" rx="3"/><rect class="fill" y="3" width="${at(failureRate)}" height="6" rx="3"/>${
    failureRateLimit === null
      ? ''
      : html`<rect class="limit" x="${Math.min(METER - 2, Math.max(0, at(failureRateLimit) - 1))}" width="2" height="12"/>`
  }</svg><b>${percent(failureRate)}</b></span><span class="note">${number(failures)} of ${number(failures + successes)}${
    limit === '' ? '' : ` · ${limit}`
  }</span>`
}

function limitNote({ failureLimit }: Reading, ratio: number): string {
  if (failureLimit === null) return `limit ${percent(ratio)}`
  // The same window as the outcomes counted beside it, once that is full.
  return `limit ${number(failureLimit.failures)}`
}

export function probes({ status }: Snapshot, { probesOut, probeLimit }: Reading): Html {
  if (status !== 'HALF_OPEN') return html`<span class="none">–</span>`
  return html`<span>${number(probesOut)}${probeLimit === null ? '' : html`<span class="of"> of ${number(probeLimit)}</span>`}</span>`
}

/** An operator's order: what, until when, who and why. */
export function overrideNote(override: Override | null, now: number): Html {
  if (override === null) return html`<span class="none">–</span>`
  const { kind, until, actor, reason } = override
  return html`<span class="override is-${kind}">${OVERRIDE[kind]}</span> <span class="when">${
    until === null
      ? 'until lifted'
      : html`for ${countdown(until - now)}<span class="exact"> (until ${instant(until)})</span>`
  }</span><span class="note">${actor === null ? '' : html`<bdi class="actor">${actor}</bdi>`}${actor !== null && reason !== null ? ': ' : ''}${
    reason === null ? '' : html`<bdi class="reason">${reason}</bdi>`
  }</span>`
}
