import { checkedInteger, checkKnown, type Names } from '../core/checks.ts'
import { toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { keyProblem } from '../core/key.ts'
import { DAY_MS } from '../core/settings.ts'
import type { CircuitState } from '../core/state.ts'
import type { HistoryQuery, ListQuery, PruneQuery } from './port.ts'

/** What the order of a list looks at. */
export interface Place {
  readonly status: CircuitState
  readonly failureCount: number
  readonly resourceKey: string
  readonly namespace: string
}

/** How many namespaces a summary names. */
export const MOST_NAMESPACES = 1_000

const RANK: Readonly<Record<CircuitState, number>> = { OPEN: 0, HALF_OPEN: 1, CLOSED: 2 }

/** Open before half-open before closed, then most failures first, then by key and namespace. */
export function byWorst(a: Place, b: Place): number {
  return (
    RANK[a.status] - RANK[b.status] ||
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

/** Where a list goes on behind this breaker. */
export function listCursor({ status, failureCount, resourceKey, namespace }: Place): string {
  return JSON.stringify({ status, failureCount, resourceKey, namespace })
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
export function parseListCursor(text: string): Place {
  const place = parseCursor(text) as Partial<Place> | null | undefined
  const { status, failureCount, resourceKey, namespace } = place ?? {}
  const isKey = (value: unknown): value is string => keyProblem(value) === undefined
  if (
    status === undefined ||
    !Object.hasOwn(RANK, status) ||
    !isInt32(failureCount) ||
    !isKey(resourceKey) ||
    !isKey(namespace)
  ) {
    throw notACursor(text)
  }
  return { status, failureCount, resourceKey, namespace }
}

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
