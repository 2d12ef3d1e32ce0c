import { type Reading, readingOf } from '../../core/reading.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import { type Colour, type Paint, printable } from '../style.ts'
import type { Column } from '../table.ts'
import { instant, stretch } from './time.ts'

/** The status as time has left it, and the order that stands over it. */
export function stateOf(snapshot: Snapshot): string {
  const { phase, activeOverride } = readingOf(snapshot)
  return activeOverride === null ? phase : `${phase} (${activeOverride.kind})`
}

/** Red is for what rejects calls. */
function colourOf({ phase, nextCall }: Reading): Colour {
  if (phase === 'CLOSED') return 'green'
  if (nextCall === 'admitted' || nextCall === 'would-reject') return 'magenta'
  return phase === 'OPEN' ? 'red' : 'yellow'
}

export function paintStatus(paint: Paint, snapshot: Snapshot, text: string): string {
  return paint(colourOf(readingOf(snapshot)), text)
}

/** What it waits for. */
export function nextOf(snapshot: Snapshot): string {
  const { phase, probesOut, probeLimit, halfOpenInMs } = readingOf(snapshot)
  if (phase === 'CLOSED') return ''
  if (phase === 'DUE' || (phase === 'HALF_OPEN' && probesOut === 0))
    return 'probes with the next call'
  if (phase === 'HALF_OPEN') return `${probesOut} of ${probeLimit ?? '?'} probes out`
  return halfOpenInMs === null ? 'until lifted' : `probes in ${stretch(halfOpenInMs)}`
}

const SHOWN = 20

/** The newest outcomes, newest last: `x` is a failure. */
const outcomesOf = ({ log }: Snapshot): string =>
  log.slice(-SHOWN).replaceAll('1', 'x').replaceAll('0', '.')

/**
 * Failures in the window of its last user. A window of time goes on moving while nobody reports.
 */
function failuresOf(snapshot: Snapshot): string {
  const { failureCount, settings, status } = snapshot
  if (settings === null) return String(failureCount)
  if (status === 'HALF_OPEN') return `${failureCount}/${settings.probes}`
  if ('outOf' in settings.trip) return `${failureCount}/${settings.trip.outOf}`
  const { failures, successes } = readingOf(snapshot)
  return `${failures}/${failures + successes}`
}

/** When its phase began, in milliseconds of the storage's clock; null where it never changed. */
function phaseBegan(snapshot: Snapshot): number | null {
  const { generation, at } = snapshot
  if (generation === 0) return null
  // An end that lies ahead of a breaker that is due was set before the clock stepped back.
  const due = snapshot.status === 'OPEN' && snapshot.openUntil <= at
  return due ? Math.max(generation, snapshot.openUntil) : generation
}

function sinceOf(snapshot: Snapshot): string {
  const began = phaseBegan(snapshot)
  return began === null ? '' : stretch(snapshot.at - began)
}

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
  const { resourceKey, namespace, cause, generation, settings, opens, wouldReject } = snapshot
  const { phase, activeOverride: standing } = readingOf(snapshot)
  const [began, isDue, changed] = [phaseBegan(snapshot), phase === 'DUE', cause ?? 'unknown']
  const lines: (readonly [string, string])[] = [
    ['namespace', printable(namespace)],
    ['status', paintStatus(paint, snapshot, stateOf(snapshot))],
    ['next', nextOf(snapshot)],
    ['since', began === null ? '' : `${instant(began)} (${isDue ? 'cooldown_over' : changed})`],
    ['opened', isDue ? `${instant(generation)} (${changed})` : ''],
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
