import { checkedInteger, checkKnown, type Names } from '../core/checks.ts'
import { toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { keyProblem } from '../core/key.ts'
import { DAY_MS } from '../core/settings.ts'
import { activeOverride, type BreakerState, INDEFINITE, phaseOf } from '../core/state.ts'
import type { HistoryQuery, ListQuery, PruneQuery } from './admin.ts'

/** What the order of a list looks at. */
export interface Place {
  /** 0: rejects calls; 1: half-open; 2: not closed, and rejects nothing; 3: closed. */
  readonly rank: number
  readonly failureCount: number
  readonly resourceKey: string
  readonly namespace: string
}

/** Where a list goes on. */
export interface ListCursor extends Place {
  /** When the first page was read: all pages rank by this instant, so that time alone moves no breaker from one to another. */
  readonly at: number
}

/** How many namespaces a summary names. */
export const MOST_NAMESPACES = 1_000

/**
 * An open breaker rejects nothing once its cooldown is over, nor does one under an order that lets
 * all calls through: neither comes before one that does.
 */
export function rankOf(state: BreakerState, now: number): number {
  const phase = phaseOf(state, now)
  if (phase === 'CLOSED') return 3
  const override = activeOverride(state, now)?.kind
  if (phase === 'DUE' || override === 'DISABLED' || override === 'METRICS_ONLY') return 2
  return phase === 'OPEN' ? 0 : 1
}

/** The worst rank first, then most failures first, then by key and namespace. */
export function byWorst(a: Place, b: Place): number {
  return (
    a.rank - b.rank ||
    b.failureCount - a.failureCount ||
    byText(a.resourceKey, b.resourceKey) ||
    byText(a.namespace, b.namespace)
  )
}

/** By code point, as a database orders UTF-8 by its bytes. By UTF-16's units, which `<` compares, an emoji comes before `～`. */
export function byText(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)]
  const i = left.findIndex((point, at) => point !== right[at])
  if (i < 0) return left.length - right.length
  return right[i] === undefined ? 1 : left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!
}

/** Where a list that was first read at `at` goes on behind this breaker. */
export function listCursor(
  { rank, failureCount, resourceKey, namespace }: Place,
  at: number,
): string {
  return JSON.stringify({ at, rank, failureCount, resourceKey, namespace })
}

/** Cursors come back out of URLs: whatever is no cursor is refused here, before it reaches a statement. */
function parseCursor(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const notACursor = (text: string): InvalidOptionError =>
  new InvalidOptionError('after', "the 'next' of a page", text)

/** @throws {InvalidOptionError} where this is no cursor that a list gave */
export function parseListCursor(text: string): ListCursor {
  const cursor = parseCursor(text) as Partial<ListCursor> | null | undefined
  const { at, rank, failureCount, resourceKey, namespace } = cursor ?? {}
  const isKey = (value: unknown): value is string => keyProblem(value) === undefined
  if (
    !isInstant(at) ||
    !isInt32(rank) ||
    !isInt32(failureCount) ||
    !isKey(resourceKey) ||
    !isKey(namespace)
  ) {
    throw notACursor(text)
  }
  return { at, rank, failureCount, resourceKey, namespace }
}

const isInstant = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) <= INDEFINITE

const isInt32 = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) === ((value as number) | 0)

/** @throws {InvalidOptionError} where this is no cursor that a history gave */
export function parseHistoryCursor(text: string): number {
  const id = parseCursor(text)
  if (!Number.isSafeInteger(id)) throw notACursor(text)
  return id as number
}

const PRUNE: Names<PruneQuery> = {
  namespace: 1,
  breakersOlderThanMs: 1,
  transitionsOlderThanMs: 1,
}
const HISTORY: Names<HistoryQuery> = {
  resourceKey: 1,
  namespace: 1,
  newerThanMs: 1,
  limit: 1,
  after: 1,
}
const LIST: Names<ListQuery> = {
  namespace: 1,
  status: 1,
  due: 1,
  search: 1,
  summary: 1,
  limit: 1,
  after: 1,
}

/** @throws {InvalidOptionError} where the query has what is no filter, or its limit is outside 1 to 1,000 */
export function checkedList(query: ListQuery): number {
  checkKnown(query, LIST)
  return checkedLimit(query.limit)
}

/** @throws {InvalidOptionError} outside 1 to 1,000 */
export function checkedLimit(limit = 100): number {
  return checkedInteger('limit', limit, 1, 1_000)
}

/** As far back as anything may be asked for: a hundred years, which a database can still count back to. */
const LONGEST_AGE_MS = 36_525 * DAY_MS

function checkedAge(option: string, age: number | undefined, min: number): number | undefined {
  return age === undefined ? undefined : toMilliseconds(option, age, { min, max: LONGEST_AGE_MS })
}

/** @throws {InvalidOptionError} outside 0 to a hundred years */
export function checkedSpan(query: HistoryQuery): number | undefined {
  checkKnown(query, HISTORY)
  const { newerThanMs } = query
  return checkedAge('newerThanMs', newerThanMs, 0)
}

/**
 * @throws {InvalidOptionError} beyond a hundred years, or where breakers younger than a day would go: an isolate may still hold reports
 * for them
 */
export function checkedPrune(query: PruneQuery): CheckedPrune {
  checkKnown(query, PRUNE)
  const { namespace, breakersOlderThanMs, transitionsOlderThanMs } = query
  return {
    namespace,
    breakersOlderThanMs: checkedAge('breakersOlderThanMs', breakersOlderThanMs, DAY_MS),
    transitionsOlderThanMs: checkedAge('transitionsOlderThanMs', transitionsOlderThanMs, 0),
  }
}

/** What to prune, in whole milliseconds. */
export type CheckedPrune = { readonly [K in keyof Required<PruneQuery>]: PruneQuery[K] | undefined }
