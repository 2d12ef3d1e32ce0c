import { checkedInteger, checkKnown } from '../core/checks.ts'
import type { Event, Transition } from '../core/event.ts'
import { snapshotOf } from '../core/snapshot.ts'
import { activeOverride, BLANK, phaseOf, type StoredState } from '../core/state.ts'
import { audit, transition } from '../core/transition.ts'
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
import type {
  AcquireRequest,
  Admission,
  BreakerId,
  BreakerPage,
  BreakerSummary,
  CircuitStorage,
  ControlRequest,
  Exchanged,
  ExchangeRequest,
  HistoryQuery,
  ListQuery,
  Page,
  Pruned,
  PruneQuery,
  RemoveRequest,
  StorageCallOptions,
} from './port.ts'
import { sharedLine } from './shared-line.ts'

/** Options of {@link InMemoryStorage}. */
export interface InMemoryStorageOptions {
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly clock?: (() => number) | undefined
  /** How many lines the audit log keeps, newest last. Default 1,000. */
  readonly historyLimit?: number | undefined
  /**
   * How many breakers are kept, from 1; null: all. Default 8,192. Beyond that the one that was used longest ago goes, and starts anew
   * when it is used again; but none that is open and whose cooldown is not over, and none under an operator's standing order.
   */
  readonly maxEntries?: number | null | undefined
}

interface Row extends BreakerId {
  readonly createdAt: number
  state: StoredState
}

/** Breakers of one process: the specification, run as it is. The default storage, and the model that every other one is held against. */
export class InMemoryStorage implements CircuitStorage {
  readonly shared = false
  readonly line = sharedLine
  readonly backendName = 'in-memory'
  readonly #rows = new Map<string, Row>()
  readonly #history: { id: number; flushId: number | null; line: Transition }[] = []
  readonly #clock: () => number
  readonly #historyLimit: number
  readonly #maxEntries: number
  #lines = 0
  /** The row that was used last. */
  #newest: Row | undefined

  /** @throws {InvalidOptionError} where `maxEntries` is no whole number from 1 */
  constructor(options: InMemoryStorageOptions = {}) {
    checkKnown(options, { clock: 1, historyLimit: 1, maxEntries: 1 })
    this.#clock = options.clock ?? (() => Date.now())
    this.#historyLimit = options.historyLimit ?? 1_000
    const { maxEntries = 8_192 } = options
    this.#maxEntries =
      maxEntries === null ? Number.POSITIVE_INFINITY : checkedInteger('maxEntries', maxEntries, 1)
  }

  async exchange(
    requests: readonly ExchangeRequest[],
    options?: StorageCallOptions,
  ): Promise<readonly Exchanged[]> {
    options?.signal?.throwIfAborted()
    return requests.map((request) => this.#apply(request, eventOf(request)))
  }

  async acquire(request: AcquireRequest, options?: StorageCallOptions): Promise<Admission> {
    options?.signal?.throwIfAborted()
    return this.#apply(request, {
      type: 'acquire',
      leaseMs: request.leaseMs,
      settings: request.settings,
    })
  }

  async control(request: ControlRequest, options?: StorageCallOptions): Promise<Exchanged> {
    options?.signal?.throwIfAborted()
    return this.#apply(request, { type: 'command', ...request.command })
  }

  async remove(request: RemoveRequest, options?: StorageCallOptions): Promise<boolean> {
    options?.signal?.throwIfAborted()
    const { resourceKey, namespace, actor, reason } = request
    const id = idOf(request)
    const state = this.#rows.get(id)?.state
    if (state === undefined) return false
    this.#rows.delete(id)
    const at = this.#now()
    const generation = Math.max(state.generation + 1, at)
    const change = { generation, from: state.status, to: 'CLOSED', cause: 'removed' } as const
    this.#log({ resourceKey, namespace, ...change, actor, reason, at }, null)
    return true
  }

  async list(query: ListQuery = {}, options?: StorageCallOptions): Promise<BreakerPage> {
    options?.signal?.throwIfAborted()
    const limit = checkedList(query)
    const after = query.after === undefined ? undefined : parseListCursor(query.after)
    const search = query.search?.toLowerCase()
    const now = this.#now()
    const matching = [...this.#rows.values()]
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
    return query.summary ? { items, next, summary: this.#summary(matching, now) } : { items, next }
  }

  async history(query: HistoryQuery = {}, options?: StorageCallOptions): Promise<Page<Transition>> {
    options?.signal?.throwIfAborted()
    const limit = checkedLimit(query.limit)
    const before =
      query.after === undefined ? Number.POSITIVE_INFINITY : parseHistoryCursor(query.after)
    const since = this.#now() - (checkedSpan(query) ?? Number.POSITIVE_INFINITY)
    const found = this.#history
      .filter(({ id, line }) => id < before && line.at >= since && matches(line, query))
      .reverse()
      .slice(0, limit + 1)
    const page = found.slice(0, limit)
    return {
      items: page.map(({ line }) => line),
      next: found.length > limit ? JSON.stringify(page.at(-1)!.id) : null,
    }
  }

  async prune(query: PruneQuery, options?: StorageCallOptions): Promise<Pruned> {
    options?.signal?.throwIfAborted()
    const { namespace: within, breakersOlderThanMs, transitionsOlderThanMs } = checkedPrune(query)
    const now = this.#now()
    const pruned = { breakers: 0, transitions: 0 }
    for (const [id, { namespace, state }] of this.#rows) {
      if (breakersOlderThanMs === undefined || (within !== undefined && namespace !== within))
        continue
      if (
        state.status !== 'CLOSED' ||
        activeOverride(state, now) !== null ||
        now - state.updatedAt <= breakersOlderThanMs
      )
        continue
      this.#rows.delete(id)
      pruned.breakers++
    }
    for (let i = this.#history.length - 1; i >= 0; i--) {
      const { line } = this.#history[i]!
      if (
        transitionsOlderThanMs === undefined ||
        !matches(line, query) ||
        now - line.at <= transitionsOlderThanMs
      )
        continue
      this.#history.splice(i, 1)
      pruned.transitions++
    }
    return pruned
  }

  #apply({ resourceKey, namespace }: BreakerId, event: Event | null): Admission {
    const now = this.#now()
    const id = idOf({ resourceKey, namespace })
    const row = this.#rows.get(id)
    const before = row?.state ?? BLANK
    const {
      state,
      verdict,
      token = null,
    } = event === null
      ? { state: before, verdict: 'none' as const }
      : transition(before, event, now)
    if (row !== undefined) this.#use(id, row, state)
    else if (state !== before) this.#add(id, { resourceKey, namespace, state, createdAt: now }, now)
    const flushId = event?.type === 'report' ? event.flushId : null
    const line = audit(before, state, event, now)
    if (line !== null) this.#log({ resourceKey, namespace, ...line }, flushId)
    // A repeat learns what the report that it repeats had done: that answer was lost.
    const repeated =
      verdict === 'duplicate'
        ? this.#history.filter(
            (h) => h.flushId === flushId && matches(h.line, { resourceKey, namespace }),
          )
        : []
    const transitions =
      line === null ? repeated.map((h) => h.line) : [{ resourceKey, namespace, ...line }]
    const snapshot = snapshotOf(state, resourceKey, namespace, now)
    const answer = { snapshot, verdict, token, transitions }
    return event === null && row !== undefined ? { ...answer, createdAt: row.createdAt } : answer
  }

  /** A map keeps the order in which its keys were set: the row that was used longest ago comes first. */
  #use(id: string, row: Row, state: StoredState): void {
    row.state = state
    if (row === this.#newest) return
    this.#newest = row
    this.#rows.delete(id)
    this.#rows.set(id, row)
  }

  #add(id: string, row: Row, now: number): void {
    if (this.#rows.size >= this.#maxEntries) {
      for (const [old, { state }] of this.#rows) {
        if (!isExpendable(state, now)) continue
        this.#rows.delete(old)
        break
      }
    }
    this.#newest = row
    this.#rows.set(id, row)
  }

  #summary(rows: readonly Row[], now: number): BreakerSummary {
    const counts = { OPEN: 0, HALF_OPEN: 0, CLOSED: 0 }
    for (const { state } of rows) counts[state.status]++
    const due = rows.filter(({ state }) => isDueAt(state, now)).length
    const namespaces = new Set([...this.#rows.values()].map(({ namespace }) => namespace))
    return { counts, due, namespaces: [...namespaces].sort(byText).slice(0, MOST_NAMESPACES) }
  }

  #log(line: Transition, flushId: number | null): void {
    this.#history.push({ id: ++this.#lines, flushId, line })
    if (this.#history.length > this.#historyLimit) this.#history.shift()
  }

  /** Whole milliseconds, as the specification counts. */
  #now(): number {
    return Math.floor(this.#clock())
  }
}

function eventOf({ report, show }: ExchangeRequest): Event | null {
  if (report !== undefined) return { type: 'report', ...report }
  return show === undefined ? null : { type: 'show', ...show }
}

/** May a row be forgotten to make room? Not while that would let calls through that are to be rejected, or undo an order. */
function isExpendable(state: StoredState, now: number): boolean {
  return activeOverride(state, now) === null && phaseOf(state, now) !== 'OPEN'
}

const isDueAt = (state: StoredState, now: number): boolean => phaseOf(state, now) === 'DUE'

function placeOf({ state, resourceKey, namespace }: Row, at: number): Place {
  return { rank: rankOf(state, at), failureCount: state.failureCount, resourceKey, namespace }
}

function idOf({ resourceKey, namespace }: BreakerId): string {
  return JSON.stringify([namespace, resourceKey])
}

function matches(line: Transition, { resourceKey, namespace }: HistoryQuery): boolean {
  return (
    (resourceKey === undefined || line.resourceKey === resourceKey) &&
    (namespace === undefined || line.namespace === namespace)
  )
}
