import { html } from 'hono/html'
import { formatDuration } from '../../core/duration.ts'
import type { Transition } from '../../core/event.ts'
import { type Reading, readingOf } from '../../core/reading.ts'
import type { Settings } from '../../core/settings.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import type { Page } from '../../fleet/admin.ts'
import { controls } from './controls.ts'
import { breakable, countdown, type Html, instant, number, since } from './format.ts'
import { masthead } from './masthead.ts'
import { overrideNote, probes, rate, statusNote } from './parts.ts'
import { strip } from './strip.ts'
import { dueApart, stretches, timeline } from './timeline.ts'
import { breakerUrl, listUrl } from './urls.ts'
import { BY_HAND, badge, CAUSE, cooldownsInWords, limitInWords, lookOf, STATUS } from './words.ts'

/** How many cells of the execution log fit on the widest screen. */
const CELLS = 100

/** The spans of time that the timeline can show. */
export const RANGES = {
  '1h': { ms: 3_600_000, ticks: 4 },
  '24h': { ms: 86_400_000, ticks: 4 },
  '7d': { ms: 604_800_000, ticks: 7 },
  '30d': { ms: 2_592_000_000, ticks: 5 },
} as const
export type Range = keyof typeof RANGES

export interface BreakerView {
  readonly snapshot: Snapshot
  /** When its row was made, where the storage knows. */
  readonly createdAt?: number | undefined
  /** The newest lines within `range`. */
  readonly recent: Page<Transition>
  /** The lines that the audit log shows. */
  readonly lines: Page<Transition>
  readonly range: Range
  readonly after: string | undefined
  /** What was just done, to be said once. */
  readonly done: string | undefined
}

export function breakerView(base: string, view: BreakerView): Html {
  const { snapshot, done } = view
  const reading = readingOf(snapshot)
  return html`${masthead(base, false)}
<main id="main">
  <p class="crumbs"><a href="${listUrl(base)}">All breakers</a> <span aria-hidden="true">/</span> <a href="${listUrl(base, snapshot)}"><bdi>${snapshot.namespace}</bdi></a></p>
  <h1 class="title"><bdi>${breakable(snapshot.resourceKey)}</bdi></h1>
  ${done === undefined ? '' : html`<p class="done" role="status">${done}</p>`}
  <section id="state" class="card state" data-live aria-label="State">${state(snapshot, reading)}</section>
  <div class="columns">
    <div class="wide">
      <section id="timeline" class="card" data-live aria-labelledby="timeline-title">${timelineCard(base, view)}</section>
      <section id="log" class="card" data-live aria-labelledby="log-title">${auditLog(base, view)}</section>
    </div>
    <div class="narrow">
      <section class="card controls" aria-labelledby="controls-title"><h2 id="controls-title">Take control</h2>${controls(base, snapshot)}</section>
      <section id="settings" class="card" data-live aria-labelledby="settings-title"><h2 id="settings-title">Settings</h2>${settings(snapshot)}</section>
    </div>
  </div>
</main>`
}

function headline(snapshot: Snapshot, reading: Reading): Html | string {
  const { phase, halfOpenInMs } = reading
  return phase === 'OPEN' && halfOpenInMs !== null
    ? html`Half-open in ${countdown(halfOpenInMs)}`
    : statusNote(snapshot, reading)
}

function fact(label: string, value: Html | string): Html {
  return html`<div><dt>${label}</dt><dd>${value}</dd></div>`
}

function state(snapshot: Snapshot, reading: Reading): Html {
  const { cause, updatedAt, at, opens, wouldReject } = snapshot
  return html`<div class="now">${badge(reading.phase, lookOf(reading))}<p class="headline">${headline(snapshot, reading)}</p></div>
  <dl class="facts ${lookOf(reading)}">
    ${fact('Failure rate', rate(reading))}
    ${fact('Probes out', probes(snapshot, reading))}
    ${fact('Opens in a row', number(opens))}
    ${fact('Last change', html`${since(updatedAt, at)}<span class="note">${cause === null ? '' : CAUSE[cause]}</span>`)}
    ${fact('Override', overrideNote(reading.activeOverride, at))}
    ${wouldReject > 0 ? fact('Would have rejected', number(wouldReject)) : ''}
  </dl>
  <div class="outcomes"><h2>Newest outcomes</h2>${strip(reading, CELLS)}</div>`
}

function timelineCard(base: string, view: BreakerView): Html {
  const { snapshot, recent, range } = view
  const { at, status } = snapshot
  const from = at - RANGES[range].ms
  const oldest = recent.items.at(-1)
  const complete = recent.next === null
  const known = knownSince(view, from)
  const parts = dueApart(stretches(recent.items, status, from, at, complete, known), snapshot)
  const byHand = recent.items.filter(({ cause }) => BY_HAND.has(cause))
  return html`<div class="head"><h2 id="timeline-title">Timeline</h2><nav aria-label="Span of the timeline"><ul class="ranges">${(
    Object.keys(RANGES) as Range[]
  ).map(
    (name) =>
      html`<li><a href="${breakerUrl(base, snapshot, { range: name })}" ${name === range ? html`aria-current="true"` : ''}>${name}</a></li>`,
  )}</ul></nav></div>
  ${timeline(parts, byHand, from, at, RANGES[range].ticks)}
  ${complete || oldest === undefined ? '' : html`<p class="note">Only the newest ${number(recent.items.length)} changes are drawn, from ${instant(oldest.at)} on.</p>`}`
}

/**
 * From when on its status is known. Before its row was made there was none; who does not know when
 * that was shows what is sure.
 */
function knownSince({ snapshot, createdAt, recent, lines }: BreakerView, from: number): number {
  const { updatedAt, generation } = snapshot
  if (createdAt !== undefined)
    return Math.min(createdAt, updatedAt, generation === 0 ? createdAt : generation)
  if (lines.next !== null || lines.items.some(({ at }) => at <= from)) return from
  return Math.min(updatedAt, recent.items.at(-1)?.at ?? updatedAt)
}

function auditLog(base: string, { snapshot, lines, range, after }: BreakerView): Html {
  const pager =
    after === undefined && lines.next === null
      ? ''
      : html`<nav class="pager" aria-label="Pages of the audit log">${
          after === undefined
            ? ''
            : html`<a class="button quiet" href="${breakerUrl(base, snapshot, { range })}">Newest</a>`
        }${lines.next === null ? '' : html`<a class="button" rel="next" href="${breakerUrl(base, snapshot, { range, after: lines.next })}">Older</a>`}</nav>`
  return html`<h2 id="log-title">Audit log</h2>
  ${
    lines.items.length === 0
      ? html`<p class="note">It never changed since the log was last pruned.</p>`
      : html`<table class="audit" role="table"><caption class="sr">Every change, newest first</caption>
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">When</th><th role="columnheader" scope="col">Change</th><th role="columnheader" scope="col">Why</th><th role="columnheader" scope="col">Who</th></tr></thead>
    <tbody role="rowgroup">${lines.items.map((line) => auditLine(line))}</tbody></table>${pager}`
  }`
}

function auditLine({ at, from, to, cause, actor, reason }: Transition): Html {
  return html`<tr role="row"><td role="cell" data-label="When">${instant(at)}</td>
    <td role="cell" data-label="Change">${
      from === to
        ? html`<span class="stays">stays ${STATUS[to].toLowerCase()}</span>`
        : html`<span><span class="from">${STATUS[from]}</span> <span aria-label="to" role="img">→</span> ${badge(to)}</span>`
    }</td>
    <td role="cell" data-label="Why">${CAUSE[cause]}${reason === null ? '' : html`<span class="note"><bdi>${reason}</bdi></span>`}</td>
    <td role="cell" data-label="Who">${actor === null ? html`<span class="none">–</span>` : html`<bdi class="actor">${actor}</bdi>`}</td></tr>`
}

function settings({ settings: given, generation }: Snapshot): Html {
  if (given === null) return html`<p class="note">Nobody has reported any yet.</p>`
  return html`<dl class="settings">${rules(given)}${
    generation === 0 ? '' : fact('Generation', html`<span class="mono">${generation}</span>`)
  }</dl><p class="note">As the last reporter had them.</p>`
}

function rules(given: Settings): Html {
  return html`${fact('Opens at', limitInWords(given))}
    ${fact('Stays open for', cooldownsInWords(given.cooldownMs))}
    ${fact('Closes after', `${number(given.successes)} successes among ${number(given.probes)} probes`)}
    ${fact('Probes at once', number(given.probeConcurrency))}
    ${fact('Probe lease', formatDuration(given.probeLeaseMs))}`
}
