import type { Command } from '../core/event.ts'
import type { RejectionReason } from '../core/rejection.ts'
import type { Settings } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { BreakerState, CircuitState } from '../core/state.ts'
import type { CallOptions } from './call.ts'
import type { Outcome } from './classify.ts'
import type { Keeper } from './keeper.ts'
import type { BreakerListener } from './listener.ts'
import type { ResolvedReplicaOptions } from './replica-options.ts'
import type { Runtime } from './runtime.ts'

/** The right to make one call. */
export interface Grant {
  readonly generation: number
  /** The token of a probe. */
  readonly token: number | null
  /** False where the outcome is not to be recorded: an operator said so. */
  readonly recorded: boolean
  /** True where the storage knows nothing of this generation: the outcome stays in this isolate. */
  readonly local: boolean
  /** True where `METRICS_ONLY` let a call through that would have been rejected. */
  readonly wouldReject: boolean
}

export interface Rejection {
  readonly reason: RejectionReason
  readonly retryAfterMs: number | null
  /** What the storage last said; null before its first answer. */
  readonly snapshot: Snapshot | null
}

export const recorded = (generation: number, token: number | null = null): Grant => ({
  generation,
  token,
  recorded: true,
  local: false,
  wouldReject: false,
})

export const unrecorded = (generation: number, wouldReject: boolean): Grant => ({
  generation,
  token: null,
  recorded: false,
  local: false,
  wouldReject,
})

/** How a call ended. */
export interface Ended {
  readonly outcome: Outcome
  /** For how long the dependency of a failed call asked to be left alone. */
  readonly retryAfterMs: number | null
  /** Does this failure trip the breaker, whatever the window holds? */
  readonly trip: boolean
}

const plain = (outcome: Outcome): Ended => ({ outcome, retryAfterMs: null, trip: false })
export const SUCCEEDED = plain('success')
export const FAILED = plain('failure')
export const IGNORED = plain('ignored')

/** A breaker's line to where its state lives. */
export interface Line {
  /** As far as it is known here, without I/O. */
  readonly status: CircuitState
  readonly generation: number
  /** What the storage last said; null before its first answer. */
  readonly snapshot: Snapshot | null
  /**
   * The grant of a breaker that admits any call, whatever the time is; null: the time has to be
   * known.
   */
  readonly ready: Grant | null
  /**
   * The grant of a breaker that admits any call that begins `now`; null: {@link admit} has to be
   * asked.
   */
  readyAt(now: number, call: CallOptions): Grant | null
  /** The state with all outcomes of this isolate in it, its window moved on to now. */
  read(): BreakerState
  /** May a call be made that begins `now`? Its probe may stay out for `leaseMs`. */
  admit(
    leaseMs: number,
    now: number,
    call: CallOptions,
  ): Grant | Rejection | Promise<Grant | Rejection>
  /**
   * A call ended.
   * @param waitedMs how long it waited for its grant; undefined: not at all
   * @param at an instant at which it was known to go on; undefined: nobody looked at the clock
   * @returns what the call should wait for
   */
  ended(
    grant: Grant,
    ended: Ended,
    call: CallOptions,
    waitedMs: number | undefined,
    at: number | undefined,
  ): Promise<unknown> | undefined
  /** Sends what waits, and reads. */
  refresh(): Promise<Snapshot>
  /** Sends what waits. */
  flush(): Promise<void>
  /** Sends what waits, and is done. */
  dispose(): Promise<void>
  /** Forgets what waits, and tells of it. */
  abandon(): void
  control(command: Omit<Command, 'type'>): Promise<Snapshot>
}

/** What a line is made of. */
export interface LineOptions {
  readonly id: { readonly resourceKey: string; readonly namespace: string }
  readonly settings: Settings
  readonly runtime: Required<Runtime>
  /** Whom to tell what happens to the breaker. */
  readonly listener: BreakerListener
  /** Keeps work going that a call leaves behind. */
  readonly keeper: Keeper
  /** How the storage is used. */
  readonly replica: ResolvedReplicaOptions
}

/** What a breaker asks of a storage. */
export interface LineSource {
  /**
   * Do several processes see the same breakers? A breaker on a shared storage needs a
   * `resourceKey`.
   */
  readonly shared: boolean
  /** What a breaker on this storage uses that names no namespace. Default `'default'`. */
  readonly namespace?: string | undefined
  /** The line of a breaker on this storage. */
  line(made: LineOptions): Line
}
