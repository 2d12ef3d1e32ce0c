import { isOwnError, ResilientCircuitError } from './errors.ts'
import type { Snapshot } from './snapshot.ts'
import type { CircuitState } from './state.ts'

/** Why a call was rejected. `DEGRADED`: the storage does not answer, and `whenDegraded` is `'reject'`. */
export type RejectionReason = 'OPEN' | 'HALF_OPEN' | 'FORCED_OPEN' | 'DEGRADED'

/** What a {@link ProtectedCallError} says. */
export interface Rejected {
  readonly resourceKey: string
  readonly namespace: string
  readonly status: CircuitState
  readonly reason: RejectionReason
  readonly retryAfterMs: number | undefined
  readonly snapshot: Snapshot | undefined
  readonly cause?: unknown
}

/** A breaker rejected the call: the protected function was not called. */
export class ProtectedCallError extends ResilientCircuitError {
  // Assigned, not defined: on Bun the definition of a field takes as long as the rest of an error.
  declare readonly name: 'ProtectedCallError'
  declare readonly code: 'PROTECTED_CALL'
  declare readonly resourceKey: string
  declare readonly namespace: string
  declare readonly status: CircuitState
  declare readonly reason: RejectionReason
  /** In how many milliseconds another try may be admitted; undefined where no end is known. */
  declare readonly retryAfterMs: number | undefined
  /** What the storage last said; undefined where it never answered. */
  declare readonly snapshot: Snapshot | undefined

  constructor(rejection: Rejected) {
    super(
      `call to ${JSON.stringify(rejection.resourceKey)} rejected: ${rejection.reason}`,
      'cause' in rejection ? { cause: rejection.cause } : undefined,
    )
    this.name = 'ProtectedCallError'
    this.code = 'PROTECTED_CALL'
    this.resourceKey = rejection.resourceKey
    this.namespace = rejection.namespace
    this.status = rejection.status
    this.reason = rejection.reason
    this.retryAfterMs = rejection.retryAfterMs
    this.snapshot = rejection.snapshot
  }
}

/** Of whichever copy of this package. */
export function isProtectedCallError(error: unknown): error is ProtectedCallError {
  return isOwnError(error, 'PROTECTED_CALL')
}
