import type { Cause, CircuitState } from '../core/state.ts'
import type { Notice } from './notice.ts'

/** A change of status, as `onStatusChange` is told of it. */
export interface StatusChange {
  readonly generation: number
  /** When it changed, in milliseconds since 1970 of the storage's clock. */
  readonly at: number
  readonly cause: Cause | null
  /** An operator's words, where one made the change. */
  readonly reason: string | null
  readonly actor: string | null
  /**
   * `'self'`: this instance made the change. Of a change that is not local, at most one instance of
   * the fleet is told so: the one whose statement made it.
   */
  readonly origin: 'self' | 'fleet'
  /**
   * True where the storage does not answer and this instance changed by itself, and where such a
   * local status ends because the storage says otherwise. Where the storage confirms it, nothing
   * more is told.
   */
  readonly local: boolean
}

/** Outcomes that will never reach the storage. */
export interface Dropped {
  readonly outcomes: number
  /**
   * `age`: older than `maxOutcomeAge`. `overflow`: more than `maxBuffered` were waiting. `unknown`:
   * it cannot be known whether they were counted, and nothing is counted twice. `refused`: the
   * storage refused them. `disposed`: the breaker was disposed of while the storage did not answer.
   */
  readonly why: 'age' | 'overflow' | 'unknown' | 'refused' | 'disposed'
}

/** Whom a line tells what happens to its breaker. None of these may throw. */
export interface BreakerListener {
  statusChanged(from: CircuitState, to: CircuitState, change: StatusChange): void
  dropped(dropped: Dropped): void
  degraded(error: unknown): void
  recovered(): void
  /** Something that a developer should know. */
  notice(notice: Notice): void
  /** Ends when whoever was told is done with it. */
  settled(): Promise<void>
}
