import type { Transition } from '../core/event.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { CircuitState } from '../core/state.ts'

/** What people and programs that watch over breakers ask of a storage. No breaker needs it. */
export interface StorageAdmin {
  /**
   * Deletes one breaker, whatever its status, with a line in the audit log, atomically. Whoever uses it starts anew, and its next
   * outcome makes it again. A storage that cannot do this leaves it out.
   * @returns whether there was such a breaker
   */
  remove?(request: RemoveRequest, options?: StorageCallOptions): Promise<boolean>
  /**
   * Breakers, worst first: those that reject calls, the half-open, those that reject nothing although they are not closed, the
   * closed; of these, most failures first.
   */
  list(query?: ListQuery, options?: StorageCallOptions): Promise<BreakerPage>
  /** The audit log, newest first. */
  history(query?: HistoryQuery, options?: StorageCallOptions): Promise<Page<Transition>>
  /** Deletes what is old, and answers how many breakers and lines of the audit log went. */
  prune(query: PruneQuery, options?: StorageCallOptions): Promise<Pruned>
}

export interface StorageCallOptions {
  /** Ends the waiting. What the operation did by then is unknown. */
  readonly signal?: AbortSignal | undefined
}

export interface BreakerId {
  readonly resourceKey: string
  readonly namespace: string
}

export interface RemoveRequest extends BreakerId {
  /** Who, and why: for the audit log. 1 to 255 characters. */
  readonly actor: string | null
  readonly reason: string | null
}

export interface ListQuery {
  readonly namespace?: string | undefined
  /** Only breakers whose row says so; `OPEN` includes those whose cooldown is over. */
  readonly status?: CircuitState | undefined
  /** True: only open breakers whose cooldown is over. False: none of them. Default: both. */
  readonly due?: boolean | undefined
  /** Only keys that contain this text, in any case. */
  readonly search?: string | undefined
  /** Also answer with a `summary`, of the same moment. Default false: it looks at every breaker. */
  readonly summary?: boolean | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
}

export interface HistoryQuery {
  readonly resourceKey?: string | undefined
  readonly namespace?: string | undefined
  /** Only lines younger than this, in milliseconds. Default: all that are kept. */
  readonly newerThanMs?: number | undefined
  /** 1 to 1,000; default 100. */
  readonly limit?: number | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next page begins; null: there is none. */
  readonly next: string | null
}

export interface BreakerPage extends Page<Snapshot> {
  /** Where the query asked for it, and the storage knows. */
  readonly summary?: BreakerSummary | undefined
}

export interface BreakerSummary {
  /** How many breakers of each status the namespace and the search find, whichever `status` and page were asked for. */
  readonly counts: Readonly<Record<CircuitState, number>>
  /** How many of those `OPEN` are due: their cooldown is over, and the next call probes. Where the storage knows. */
  readonly due?: number | undefined
  /** The namespaces in use, whatever was asked for: the first 1,000 by name. */
  readonly namespaces: readonly string[]
}

export interface PruneQuery {
  readonly namespace?: string | undefined
  /** Breakers closed, without an order in force, and untouched for so long, in milliseconds; from a day to a hundred years. */
  readonly breakersOlderThanMs?: number | undefined
  /** Lines of the audit log older than this, in milliseconds; up to a hundred years. */
  readonly transitionsOlderThanMs?: number | undefined
}

export interface Pruned {
  readonly breakers: number
  readonly transitions: number
}
