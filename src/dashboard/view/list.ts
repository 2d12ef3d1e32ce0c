import { html } from 'hono/html'
import { readingOf } from '../../core/reading.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import type { Phase } from '../../core/state.ts'
import type { BreakerPage, BreakerSummary } from '../../fleet/admin.ts'
import { breakable, type Html, number, since } from './format.ts'
import { masthead } from './masthead.ts'
import { overrideNote, probes, rate, statusNote } from './parts.ts'
import { strip } from './strip.ts'
import { breakerUrl, type ListFilter, listUrl } from './urls.ts'
import { badge, CAUSE, icon, lookOf, STATUS } from './words.ts'

/** How many cells of an execution log a line has room for. */
const CELLS = 20

/** Every breaker, worst first. */
export function listView(base: string, filter: ListFilter, page: BreakerPage): Html {
  return html`${masthead(base, true)}
<main id="main">
  ${totals(base, filter, page.summary)}
  ${toolbar(base, filter, page.summary)}
  <section id="list" data-live aria-label="Breakers">
    ${page.items.length === 0 ? nothing(base, filter) : table(base, page.items)}
    ${pager(base, filter, page.next)}
  </section>
</main>`
}

function totals(base: string, filter: ListFilter, summary: BreakerSummary | undefined): Html {
  const { counts, due } = summary ?? {}
  const open = counts && counts.OPEN - (due ?? 0)
  const shown = { ...counts, OPEN: open, DUE: due }
  const all = counts && counts.OPEN + counts.HALF_OPEN + counts.CLOSED
  const { status: chosen, after: _, ...rest } = filter
  const tile = (
    status: Phase | undefined,
    label: string,
    count: number | undefined,
  ) => html`<li><a class="tile ${
    status ? `is-${status}` : ''
  }" href="${listUrl(base, { ...rest, ...(status && { status }) })}" ${chosen === status ? html`aria-current="true"` : ''}>
      <span class="count">${count === undefined ? '–' : number(count)}</span>
      <span class="label">${status ? icon(status) : ''}${label}</span></a></li>`
  return html`<nav id="totals" data-live aria-label="Breakers by status"><ul class="tiles">
    ${tile(undefined, 'All breakers', all)}
    ${(['OPEN', 'DUE', 'HALF_OPEN', 'CLOSED'] as const).map((status) => tile(status, STATUS[status], shown[status]))}
  </ul></nav>`
}

function toolbar(
  base: string,
  { search, namespace, status }: ListFilter,
  summary: BreakerSummary | undefined,
): Html {
  const namespaces = summary?.namespaces ?? []
  const known =
    namespace === undefined || namespaces.includes(namespace)
      ? namespaces
      : [namespace, ...namespaces]
  return html`<form class="toolbar" role="search" method="get" action="${listUrl(base)}">
    <label class="field grow"><span>Search</span><input type="search" name="search" value="${search ?? ''}" maxlength="255" placeholder="Part of a resource key" autocomplete="off" spellcheck="false"></label>
    <label class="field"><span>Namespace</span><select name="namespace"><option value="">All namespaces</option>${known.map(
      (name) => html`<option ${name === namespace ? html`selected` : ''}>${name}</option>`,
    )}</select></label>
    ${status ? html`<input type="hidden" name="status" value="${status}">` : ''}
    <button type="submit">Search</button>
    ${search || namespace || status ? html`<a class="button quiet" href="${listUrl(base)}">Clear</a>` : ''}
  </form>`
}

function table(base: string, items: readonly Snapshot[]): Html {
  // A table that is laid out as cards on a narrow screen is no table to a screen reader any more,
  // unless its roles say so.
  return html`<table class="breakers" role="table">
    <caption class="sr">Breakers, worst first</caption>
    <thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Breaker</th><th role="columnheader" scope="col">Status</th><th role="columnheader" scope="col">Newest outcomes</th><th role="columnheader" scope="col">Failure rate</th><th role="columnheader" scope="col">Probes out</th><th role="columnheader" scope="col">Override</th><th role="columnheader" scope="col">Last change</th></tr></thead>
    <tbody role="rowgroup">${items.map((snapshot) => row(base, snapshot))}</tbody>
  </table>`
}

function row(base: string, snapshot: Snapshot): Html {
  const { resourceKey, namespace, cause, updatedAt, at } = snapshot
  const reading = readingOf(snapshot)
  const look = lookOf(reading)
  return html`<tr role="row" class="${look}">
    <th role="rowheader" scope="row"><a class="key" href="${breakerUrl(base, snapshot)}"><bdi>${breakable(resourceKey)}</bdi></a><span class="namespace"><bdi>${namespace}</bdi></span></th>
    <td role="cell" data-label="Status">${badge(reading.phase, look)}<span class="note">${statusNote(snapshot, reading)}</span></td>
    <td role="cell" data-label="Newest outcomes">${strip(reading, CELLS)}</td>
    <td role="cell" data-label="Failure rate">${rate(reading)}</td>
    <td role="cell" data-label="Probes out">${probes(snapshot, reading)}</td>
    <td role="cell" data-label="Override">${overrideNote(reading.activeOverride, at)}</td>
    <td role="cell" data-label="Last change">${since(updatedAt, at)}<span class="note">${cause === null ? '' : CAUSE[cause]}</span></td>
  </tr>`
}

function nothing(base: string, filter: ListFilter): Html {
  const filtered = Object.values(filter).some(Boolean)
  return filtered
    ? html`<div class="nothing"><p>No breaker fits this.</p><p><a href="${listUrl(base)}">Show all of them</a></p></div>`
    : html`<div class="nothing"><p>No breaker has reported yet.</p><p>Each appears here with the first outcome that reaches the storage.</p></div>`
}

function pager(base: string, filter: ListFilter, next: string | null): Html {
  const { after, ...rest } = filter
  if (after === undefined && next === null) return html``
  return html`<nav class="pager" aria-label="Pages">
    ${after === undefined ? '' : html`<a class="button quiet" href="${listUrl(base, rest)}">First page</a>`}
    ${next === null ? '' : html`<a class="button" rel="next" href="${listUrl(base, { ...rest, after: next })}">Next page</a>`}
  </nav>`
}
