import { checkedInteger, checkKnown } from '../core/checks.ts'
import type { Event, Transition } from '../core/event.ts'
import { snapshotOf } from '../core/snapshot.ts'
import { activeOverride, BLANK, phaseOf, type StoredState } from '../core/state.ts'
import { audit, transition } from '../core/transition.ts'
import type {
  BreakerId,
  BreakerPage,
  HistoryQuery,
  ListQuery,
  Page,
  Pruned,
  PruneQuery,
  RemoveRequest,
  StorageCallOptions,
} from './admin.ts'
import {
  type HistoryEntry,
  historyOf,
  matches,
  pageOf,
  pruningBy,
  type Row,
} from './memory-admin.ts'
import type {
  AcquireRequest,
  Admission,
  CircuitStorage,
  ControlRequest,
  Exchanged,
  ExchangeRequest,
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

/** Breakers of one process: the specification, run as it is. The default storage, and the model that every other one is held against. */
export class InMemoryStorage implements CircuitStorage {
  readonly shared = false
  readonly line = sharedLine
  readonly backendName = 'in-memory'
  readonly #rows = new Map<string, Row>()
  #history: HistoryEntry[] = []
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
    return pageOf([...this.#rows.values()], query, this.#now())
  }

  async history(query: HistoryQuery = {}, options?: StorageCallOptions): Promise<Page<Transition>> {
    options?.signal?.throwIfAborted()
    return historyOf(this.#history, query, this.#now())
  }

  async prune(query: PruneQuery, options?: StorageCallOptions): Promise<Pruned> {
    options?.signal?.throwIfAborted()
    const { isOldRow, isOldLine } = pruningBy(query, this.#now())
    const rows = [...this.#rows].filter(([, row]) => isOldRow(row))
    for (const [id] of rows) this.#rows.delete(id)
    const kept = this.#history.filter(({ line }) => !isOldLine(line))
    const transitions = this.#history.length - kept.length
    this.#history = kept
    return { breakers: rows.length, transitions }
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

function idOf({ resourceKey, namespace }: BreakerId): string {
  return JSON.stringify([namespace, resourceKey])
}
