import type { LineSource } from '../breaker/line.ts'
import type { Command, Report, Show, Transition, Verdict } from '../core/event.ts'
import type { Settings } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { CircuitState } from '../core/state.ts'

/**
 * Where breakers live. An implementation passes the conformance suite of `resilient-circuit/testing`.
 *
 * Each operation is atomic: it reads, decides by `transition`, writes, and answers on the row's newest version. Instants are the
 * storage's own. An operation whose promise rejects may or may not have happened, unless the error says otherwise.
 */
export interface CircuitStorage extends LineSource {
  /** What keeps the breakers, such as `postgres` or `in-memory`: for logs and pages. */
  readonly backendName?: string | undefined
  /** Sends reports (possibly none) for several breakers, each key once, and answers each in the order of the requests. */
  exchange(
    requests: readonly ExchangeRequest[],
    options?: StorageCallOptions,
  ): Promise<readonly Exchanged[]>
  /** Asks for one permit; makes OPEN -> HALF_OPEN when due; hands out probe leases. */
  acquire(request: AcquireRequest, options?: StorageCallOptions): Promise<Admission>
  /** Operator commands. Written with their line in the audit log, atomically. */
  control(request: ControlRequest, options?: StorageCallOptions): Promise<Exchanged>
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

export interface ExchangeRequest extends BreakerId {
  /** Without a report, and without a sign of life, the request only reads. */
  readonly report?: Omit<Report, 'type'> | undefined
  /** Makes the isolate known that has nothing to report. A storage that cannot note it may leave it out, and reads. */
  readonly show?: Omit<Show, 'type'> | undefined
}

export interface Exchanged {
  readonly snapshot: Snapshot
  /**
   * When its row was made, in milliseconds of the storage's clock. Only the answer to a request
   * without a report says so, where there is a row and the storage knows.
   */
  readonly createdAt?: number | undefined
  readonly verdict: Verdict
  /** The transitions that this very operation made: no other caller is told of them as its own. */
  readonly transitions: readonly Transition[]
}

export interface AcquireRequest extends BreakerId {
  readonly settings: Settings
  /** How long a probe may hold its place, in milliseconds. */
  readonly leaseMs: number
  /** The status that the caller last saw. A storage may read first where a read will probably do. */
  readonly expected?: CircuitState | undefined
}

export interface Admission extends Exchanged {
  /** Where the verdict is `probe`: the permit. */
  readonly token: number | null
}

export interface ControlRequest extends BreakerId {
  readonly command: Omit<Command, 'type'>
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
