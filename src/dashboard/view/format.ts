import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

/** What the `html` helper makes: text in which everything that was put in is escaped. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
]

/**
 * A span of time in its two largest units: `2 h 14 min`, `23 s`. The page's script counts down in
 * the same words.
 */
export function span(ms: number): string {
  if (ms > 0 && ms < 1_000) return '<1 s'
  const at = UNITS.findIndex(([size]) => ms >= size)
  if (at < 0) return '0 s'
  const [size, unit] = UNITS[at]!
  const [finer, fine] = UNITS[at + 1] ?? [1, '']
  const rest = Math.floor((ms % size) / finer)
  return `${Math.floor(ms / size)} ${unit}${fine !== '' && rest > 0 ? ` ${rest} ${fine}` : ''}`
}

/** Roughly how long ago, in one unit: exact enough beside the instant itself. */
export function ago(ms: number): string {
  if (ms < 1_000) return 'just now'
  const [size, unit] = UNITS.find(([size]) => ms >= size)!
  return `${Math.floor(ms / size)} ${unit} ago`
}

const NUMBER = new Intl.NumberFormat('en-US')
export const number = (n: number): string => NUMBER.format(n)
export const percent = (ratio: number): string =>
  `${Math.round(ratio * 1_000) / 10}%`.replace('%', ' %')

const DAY = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  day: 'numeric',
  month: 'short',
  year: 'numeric',
})
const TIME = new Intl.DateTimeFormat('en-GB', {
  timeZone: 'UTC',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
})

/**
 * An instant in UTC, named so; the page's script turns it into the reader's own zone, and names
 * that.
 */
export function instant(ms: number): Html {
  const date = new Date(ms)
  return html`<time datetime="${date.toISOString()}" data-at>${DAY.format(date)}, ${TIME.format(date)} UTC</time>`
}

/** How long ago something was, with its instant for whoever points at it, and on paper. */
export function since(at: number, now: number): Html {
  return html`<span class="ago">${ago(now - at)}</span> <span class="exact">${instant(at)}</span>`
}

/** A key that may be broken where people would: behind its separators. */
export function breakable(key: string): Html {
  return html`${key.split(/(?<=[/._:-])/).map((part) => html`${part}<wbr>`)}`
}

/** A time that runs out. */
export function countdown(ms: number): Html {
  return html`<span class="countdown" data-left="${Math.ceil(ms)}">${span(ms)}</span>`
}
