import type { Snapshot } from '../../core/snapshot.ts'
import { activeOverride } from '../../core/state.ts'
import { type Paint, printable } from '../style.ts'
import type { Column } from '../table.ts'
import { instant, stretch } from './time.ts'

/** The status, and the order that stands over it. */
export function stateOf(snapshot: Snapshot): string {
  const standing = activeOverride(snapshot, snapshot.at)
  return standing === null ? snapshot.status : `${snapshot.status} (${standing.kind})`
}

const COLOURS = { OPEN: 'red', HALF_OPEN: 'yellow', CLOSED: 'green' } as const

export function paintStatus(paint: Paint, { status }: Snapshot, text: string): string {
  return paint(COLOURS[status], text)
}

/** What it waits for. */
export function nextOf(snapshot: Snapshot): string {
  const { status, retryAfterMs, settings } = snapshot
  if (status === 'CLOSED') return ''
  if (status === 'HALF_OPEN')
    return `${snapshot.leases.length} of ${settings?.probes ?? '?'} probes out`
  if (retryAfterMs === null) return 'until lifted'
  return retryAfterMs === 0 ? 'probes due' : `probes in ${stretch(retryAfterMs)}`
}

const SHOWN = 20

/** The newest outcomes, newest last: `x` is a failure. */
const outcomesOf = ({ log }: Snapshot): string =>
  log.slice(-SHOWN).replaceAll('1', 'x').replaceAll('0', '.')

/** Failures in the window of its last user. */
function failuresOf({ failureCount, settings }: Snapshot): string {
  const trip = settings?.trip
  return trip !== undefined && 'outOf' in trip
    ? `${failureCount}/${trip.outOf}`
    : String(failureCount)
}

/** A generation is the instant of its transition; 0: there was none. */
const sinceOf = ({ generation, at }: Snapshot): string =>
  generation === 0 ? '' : stretch(at - generation)

export function columnsOf(paint: Paint): readonly Column<Snapshot>[] {
  return [
    {
      title: 'KEY',
      text: ({ resourceKey }) => printable(resourceKey),
      paint: (_, text) => paint('bold', text),
      drop: 0,
    },
    { title: 'NAMESPACE', text: ({ namespace }) => printable(namespace), drop: 2 },
    {
      title: 'STATUS',
      text: stateOf,
      paint: (row, text) => paintStatus(paint, row, text),
      drop: 0,
    },
    { title: 'SINCE', text: sinceOf, right: true, drop: 3 },
    { title: 'NEXT', text: nextOf, drop: 1 },
    { title: 'FAILURES', text: failuresOf, right: true, drop: 4 },
    {
      title: 'OUTCOMES',
      text: outcomesOf,
      paint: (_, text) => text.replace(/x+/g, (failures) => paint('red', failures)),
      drop: 6,
    },
    {
      title: 'OPENS',
      text: ({ opens }) => (opens === 0 ? '' : String(opens)),
      right: true,
      drop: 7,
    },
    {
      title: 'UPDATED',
      text: ({ at, updatedAt }) => `${stretch(at - updatedAt)} ago`,
      right: true,
      drop: 5,
    },
  ]
}

/** One breaker in full. */
export function detailsOf(snapshot: Snapshot, paint: Paint): string {
  const { resourceKey, namespace, cause, at, settings, opens, wouldReject } = snapshot
  const standing = activeOverride(snapshot, at)
  const lines: (readonly [string, string])[] = [
    ['namespace', printable(namespace)],
    ['status', paintStatus(paint, snapshot, stateOf(snapshot))],
    ['next', nextOf(snapshot)],
    [
      'since',
      snapshot.generation === 0 ? '' : `${instant(snapshot.generation)} (${cause ?? 'unknown'})`,
    ],
    ['failures', failuresOf(snapshot)],
    ['outcomes', outcomesOf(snapshot)],
    ['consecutive opens', opens === 0 ? '' : String(opens)],
    [
      'override until',
      standing === null ? '' : standing.until === null ? 'lifted' : instant(standing.until),
    ],
    [
      'override by',
      standing === null
        ? ''
        : [standing.actor, standing.reason]
            .filter((text) => text !== null)
            .map(printable)
            .join(': '),
    ],
    ['would have rejected', wouldReject === 0 ? '' : String(wouldReject)],
    [
      'cooldown',
      settings === null
        ? ''
        : settings.cooldownMs.slice(0, 4).map(stretch).join(', ') +
          (settings.cooldownMs.length > 4 ? ' …' : ''),
    ],
    ['updated', instant(snapshot.updatedAt)],
  ]
  const width = Math.max(...lines.map(([name]) => name.length))
  const body = lines
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${paint('dim', name.padEnd(width))}  ${text}\n`)
  return `${paint('bold', printable(resourceKey))}\n${body.join('')}`
}
