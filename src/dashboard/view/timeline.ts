import { html } from 'hono/html'
import type { Transition } from '../../core/event.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import type { CircuitState, Phase } from '../../core/state.ts'
import { type Html, number, span } from './format.ts'
import { icon, STATUS } from './words.ts'

const WIDTH = 1_000
const HEIGHT = 44
/** How high each status stands: it can be read without its colour. */
const LEVEL: Readonly<Record<Phase, number>> = { CLOSED: 12, DUE: 20, HALF_OPEN: 28, OPEN: 44 }
/** The narrowest that an open or half-open time is drawn: a few seconds of a month still show. */
const NARROWEST = 3

export interface Stretch {
  readonly status: Phase
  readonly from: number
  readonly to: number
}

/**
 * What the audit log says of a time: who was in which status when. Where the log was cut off before
 * `from`, what lies before its oldest line is unknown, and left out. So is what lies before
 * `known`, and between a removal and the row's next making.
 * @param lines - newest first
 * @param known - from when on the breaker is known to be there, in this life of its row
 */
export function stretches(
  lines: readonly Transition[],
  current: CircuitState,
  from: number,
  to: number,
  complete: boolean,
  known = from,
): readonly Stretch[] {
  const found: Stretch[] = []
  let end = to
  let status = current
  const add = (start: number) => {
    if (start < end) found.push({ status, from: start, to: end })
  }
  for (const line of lines) {
    if (line.at < from) break
    const isRemoval = line.cause === 'removed'
    if (line.from === line.to && !isRemoval) continue
    add(isRemoval ? Math.max(line.at, known) : line.at)
    end = line.at
    status = line.from
  }
  const isFirstLife = !lines.some(({ cause }) => cause === 'removed')
  if (complete) add(isFirstLife ? Math.max(from, known) : from)
  return found.reverse()
}

/**
 * An open breaker that nobody calls leaves no line when its cooldown ends: from then on it is due.
 */
export function dueApart(parts: readonly Stretch[], snapshot: Snapshot): readonly Stretch[] {
  const last = parts.at(-1)
  if (snapshot.status !== 'OPEN' || last?.status !== 'OPEN' || snapshot.openUntil >= last.to)
    return parts
  const end = Math.max(snapshot.openUntil, last.from)
  const open = end > last.from ? [{ ...last, to: end }] : []
  return [...parts.slice(0, -1), ...open, { status: 'DUE', from: end, to: last.to }]
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
  <ul class="legend">${(['OPEN', 'DUE', 'HALF_OPEN', 'CLOSED'] as const).map(
    (status) =>
      html`<li class="is-${status}">${icon(status)}${STATUS[status]} <b>${share(parts, status)}</b></li>`,
  )}${marks.length > 0 ? html`<li class="by-hand"><span aria-hidden="true"></span>By hand <b>${number(marks.length)} ×</b></li>` : ''}</ul>`
}

function lasted(parts: readonly Stretch[], status: Phase): number {
  return parts.reduce((sum, part) => (part.status === status ? sum + part.to - part.from : sum), 0)
}

function share(parts: readonly Stretch[], status: Phase): string {
  const ms = lasted(parts, status)
  return ms === 0 ? '–' : span(ms)
}

function spoken(parts: readonly Stretch[], ms: number): string {
  const due = lasted(parts, 'DUE') === 0 ? '' : `due for ${share(parts, 'DUE')}, `
  const opens = parts.filter(({ status }) => status === 'OPEN').length
  return `In ${span(ms)}: opened ${number(opens)} times, open for ${share(parts, 'OPEN')}, ${due}half-open for ${share(parts, 'HALF_OPEN')}, closed for ${share(parts, 'CLOSED')}. Every change is in the audit log below.`
}
