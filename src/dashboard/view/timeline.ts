import { html } from 'hono/html'
import type { Transition } from '../../core/event.ts'
import type { CircuitState } from '../../core/state.ts'
import { type Html, number, span } from './format.ts'
import { icon, STATUS } from './words.ts'

const WIDTH = 1_000
const HEIGHT = 44
/** How high each status stands: it can be read without its colour. */
const LEVEL: Readonly<Record<CircuitState, number>> = { CLOSED: 12, HALF_OPEN: 28, OPEN: 44 }
/** The narrowest that an open or half-open time is drawn: a few seconds of a month still show. */
const NARROWEST = 3

export interface Stretch {
  readonly status: CircuitState
  readonly from: number
  readonly to: number
}

/**
 * What the audit log says of a time: who was in which status when. Where the log was cut off before `from`, what lies before its
 * oldest line is unknown, and left out.
 * @param lines - newest first
 */
export function stretches(
  lines: readonly Transition[],
  current: CircuitState,
  from: number,
  to: number,
  complete: boolean,
): readonly Stretch[] {
  const found: Stretch[] = []
  let end = to
  let status = current
  for (const line of lines) {
    if (line.at < from) break
    if (line.from === line.to) continue
    found.push({ status, from: line.at, to: end })
    end = line.at
    status = line.from
  }
  if (complete) found.push({ status, from, to: end })
  return found.reverse()
}

/** A band over time: as high as it is bad. */
export function timeline(
  parts: readonly Stretch[],
  marks: readonly Transition[],
  from: number,
  to: number,
  ticks: number,
): Html {
  const x = (at: number) =>
    Math.round(((Math.min(Math.max(at, from), to) - from) / (to - from)) * WIDTH * 10) / 10
  const block = ({ status, from, to }: Stretch) => {
    const width = Math.max(x(to) - x(from), status === 'CLOSED' ? 0 : NARROWEST)
    return html`<rect class="is-${status}" x="${Math.min(x(from), WIDTH - width)}" y="${HEIGHT - LEVEL[status]}" width="${width}" height="${LEVEL[status]}"><title>${STATUS[status]} for ${span(to - from)}</title></rect>`
  }
  const gaps = Array.from({ length: ticks }, (_, i) => i)
  // The short ones last, so that none hides behind a long one.
  const closedFirst = [...parts].sort((a, b) => LEVEL[a.status] - LEVEL[b.status])
  return html`<svg class="timeline" role="img" aria-label="${spoken(parts, to - from)}" viewBox="0 0 ${WIDTH} ${HEIGHT + 8}" preserveAspectRatio="none">
    <rect class="ground" y="0" width="${WIDTH}" height="${HEIGHT}"/>
    ${closedFirst.map(block)}
    ${marks.map(({ at }) => html`<rect class="mark-hand" x="${Math.min(x(at), WIDTH - 2)}" y="${HEIGHT + 2}" width="2" height="6"/>`)}
    ${gaps.map((i) => (i === 0 ? '' : html`<rect class="tick" x="${(WIDTH / ticks) * i}" width="1" height="${HEIGHT}"/>`))}
  </svg>
  <ul class="axis" aria-hidden="true">${gaps.map((i) => html`<li>${span(((to - from) / ticks) * (ticks - i))} ago</li>`)}<li>now</li></ul>
  <ul class="legend">${(['OPEN', 'HALF_OPEN', 'CLOSED'] as const).map(
    (status) =>
      html`<li class="is-${status}">${icon(status)}${STATUS[status]} <b>${share(parts, status)}</b></li>`,
  )}${marks.length > 0 ? html`<li class="by-hand"><span aria-hidden="true"></span>By hand <b>${number(marks.length)} ×</b></li>` : ''}</ul>`
}

function lasted(parts: readonly Stretch[], status: CircuitState): number {
  return parts.reduce((sum, part) => (part.status === status ? sum + part.to - part.from : sum), 0)
}

function share(parts: readonly Stretch[], status: CircuitState): string {
  const ms = lasted(parts, status)
  return ms === 0 ? '–' : span(ms)
}

function spoken(parts: readonly Stretch[], ms: number): string {
  const opens = parts.filter(({ status }) => status === 'OPEN').length
  return `In ${span(ms)}: opened ${number(opens)} times, open for ${share(parts, 'OPEN')}, half-open for ${share(parts, 'HALF_OPEN')}, closed for ${share(parts, 'CLOSED')}. Every change is in the audit log below.`
}
