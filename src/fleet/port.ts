import type { LineSource } from '../breaker/line.ts'
import type { Command, Report, Show, Transition, Verdict } from '../core/event.ts'
import type { Settings } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { CircuitState } from '../core/state.ts'
import type { BreakerId, StorageAdmin, StorageCallOptions } from './admin.ts'

/**
 * Where breakers live. An implementation passes the conformance suite of `resilient-circuit/testing`.
 *
 * Each operation is atomic: it reads, decides by `transition`, writes, and answers on the row's newest version. Instants are the
 * storage's own. An operation whose promise rejects may or may not have happened, unless the error says otherwise.
 */
export interface CircuitStorage extends LineSource, StorageAdmin {
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
