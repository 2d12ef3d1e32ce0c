import type { Transition } from '../core/event.ts'
import { snapshotOf } from '../core/snapshot.ts'
import { activeOverride, phaseOf, type StoredState } from '../core/state.ts'
import type {
  BreakerId,
  BreakerPage,
  BreakerSummary,
  HistoryQuery,
  ListQuery,
  Page,
  PruneQuery,
} from './admin.ts'
import {
  byText,
  byWorst,
  checkedLimit,
  checkedList,
  checkedPrune,
  checkedSpan,
  listCursor,
  MOST_NAMESPACES,
  type Place,
  parseHistoryCursor,
  parseListCursor,
  rankOf,
} from './paging.ts'

/** One breaker, as the storage in memory keeps it. */
export interface Row extends BreakerId {
  readonly createdAt: number
  state: StoredState
}

/** One line of its audit log. */
export interface HistoryEntry {
  /** Counts up. */
  readonly id: number
  /** The report that made the change; null: no report did. */
  readonly flushId: number | null
  readonly line: Transition
}

/** A page of breakers, worst first. @throws {InvalidOptionError} */
export function pageOf(rows: readonly Row[], query: ListQuery, now: number): BreakerPage {
  const limit = checkedList(query)
  const after = query.after === undefined ? undefined : parseListCursor(query.after)
  const search = query.search?.toLowerCase()
  const matching = rows
    .filter((row) => query.namespace === undefined || row.namespace === query.namespace)
    .filter((row) => search === undefined || row.resourceKey.toLowerCase().includes(search))
  const at = after?.at ?? now
  const found = matching
    .filter(({ state }) => query.status === undefined || state.status === query.status)
    .filter(({ state }) => query.due === undefined || isDueAt(state, now) === query.due)
    .map((row) => ({ row, ...placeOf(row, at) }))
    .sort(byWorst)
    .filter((place) => after === undefined || byWorst(place, after) > 0)
  const page = found.slice(0, limit)
  const items = page.map(({ row: { state, resourceKey, namespace } }) =>
    snapshotOf(state, resourceKey, namespace, now),
  )
  const next = found.length > limit ? listCursor(page.at(-1)!, at) : null
  return query.summary ? { items, next, summary: summaryOf(matching, rows, now) } : { items, next }
}

/** A page of the audit log, newest first. @throws {InvalidOptionError} */
export function historyOf(
  history: readonly HistoryEntry[],
  query: HistoryQuery,
  now: number,
): Page<Transition> {
  const limit = checkedLimit(query.limit)
  const before =
    query.after === undefined ? Number.POSITIVE_INFINITY : parseHistoryCursor(query.after)
  const since = now - (checkedSpan(query) ?? Number.POSITIVE_INFINITY)
  const found = history
    .filter(({ id, line }) => id < before && line.at >= since && matches(line, query))
    .reverse()
    .slice(0, limit + 1)
  const page = found.slice(0, limit)
  return {
    items: page.map(({ line }) => line),
    next: found.length > limit ? JSON.stringify(page.at(-1)!.id) : null,
  }
}

/** What goes. @throws {InvalidOptionError} */
export function pruningBy(
  query: PruneQuery,
  now: number,
): { isOldRow(row: Row): boolean; isOldLine(line: Transition): boolean } {
  const { namespace, breakersOlderThanMs, transitionsOlderThanMs } = checkedPrune(query)
  const isWithin = (each: { readonly namespace: string }) =>
    namespace === undefined || each.namespace === namespace
  return {
    isOldRow: (row) =>
      breakersOlderThanMs !== undefined &&
      isWithin(row) &&
      row.state.status === 'CLOSED' &&
      activeOverride(row.state, now) === null &&
      now - row.state.updatedAt > breakersOlderThanMs,
    isOldLine: (line) =>
      transitionsOlderThanMs !== undefined &&
      isWithin(line) &&
      now - line.at > transitionsOlderThanMs,
  }
}

/** Is this a line of such a breaker? */
export function matches(line: Transition, { resourceKey, namespace }: HistoryQuery): boolean {
  return (
    (resourceKey === undefined || line.resourceKey === resourceKey) &&
    (namespace === undefined || line.namespace === namespace)
  )
}

const isDueAt = (state: StoredState, now: number): boolean => phaseOf(state, now) === 'DUE'

function placeOf({ state, resourceKey, namespace }: Row, at: number): Place {
  return { rank: rankOf(state, at), failureCount: state.failureCount, resourceKey, namespace }
}

function summaryOf(found: readonly Row[], all: readonly Row[], now: number): BreakerSummary {
  const counts = { OPEN: 0, HALF_OPEN: 0, CLOSED: 0 }
  for (const { state } of found) counts[state.status]++
  const due = found.filter(({ state }) => isDueAt(state, now)).length
  const namespaces = new Set(all.map(({ namespace }) => namespace))
  return { counts, due, namespaces: [...namespaces].sort(byText).slice(0, MOST_NAMESPACES) }
}
