import type { Batch } from './batch.ts'
import type { Exchanged, ExchangeRequest } from './port.ts'
import type { View } from './view.ts'

/** How many breakers travel in one exchange. */
const MOST_KEYS = 50

/** What an exchange takes along: all that waits, what is due, or only what cannot wait. */
export type Cargo = 'all' | 'due' | 'urgent'

/** What one breaker has in an exchange: it reads, and may report. */
export interface Load {
  readonly view: View
  readonly batch?: Batch
  readonly report?: NonNullable<ExchangeRequest['report']>
  readonly show?: ExchangeRequest['show']
}

/** What goes along: this view, and all others that have something to say or to ask. */
export function loadOf(
  view: View,
  all: Iterable<View>,
  now: number,
  {
    cargo,
    readsOnly,
    needsWrite,
  }: { readonly cargo: Cargo; readonly readsOnly: boolean; readonly needsWrite: boolean },
): Load[] {
  const load: Load[] = []
  const take = (each: View) => {
    each.outbox.trim(now)
    const due =
      cargo === 'due' && (needsWrite || each.wantsReport(now) || each.reportsWithRefresh())
    const reports = !readsOnly && (due || cargo === 'all' || each.mustReport(now))
    const part = loaded(each, reports ? each.outbox.next(now) : undefined, now)
    // A sign of life is a write that proves nothing: it waits until the storage is known to write.
    const shows = part.batch === undefined && !readsOnly && !needsWrite && !each.isRefused(now)
    load.push(shows ? { view: each, show: each.show(now) } : part)
  }
  take(view)
  for (const other of all) {
    if (load.length === MOST_KEYS) break
    if (other !== view && joins(other, now, cargo)) take(other)
  }
  return load
}

function joins(other: View, now: number, cargo: Cargo): boolean {
  if (other.isRefused(now)) return false
  if (cargo === 'all' && other.outbox.next(now) !== undefined) return true
  return (
    other.wantsReport(now) ||
    other.lookout.due ||
    (other.snapshot !== null && other.wantsRefresh(now))
  )
}

/** One breaker's part: a batch that is sent is busy until its answer, or for as long as an operation may take. */
export function loaded(view: View, batch: Batch | undefined, now: number): Load {
  view.lookout.looks()
  if (batch === undefined) return { view }
  const busy = { from: now, until: now + view.options.operationTimeoutMs }
  return {
    view,
    batch,
    report: view.outbox.report(batch, view.snapshot, view.settings, busy, view.origin(now)),
  }
}

/** Does an exchange of this load write? */
export function reportsIn(load: readonly Load[]): boolean {
  return load.some(({ batch, show }) => batch !== undefined || show !== undefined)
}

const WRITTEN: ReadonlySet<string> = new Set(['counted', 'extended', 'duplicate'])

/** Has the storage stored the report that this answers? */
export function isWritten({ verdict }: Exchanged): boolean {
  return WRITTEN.has(verdict)
}

/** The load as the storage takes it. */
export function requestsOf(load: readonly Load[]): ExchangeRequest[] {
  return load.map(({ view, report, show }) => {
    if (report !== undefined) return { ...view.id, report }
    return show === undefined ? view.id : { ...view.id, show }
  })
}
