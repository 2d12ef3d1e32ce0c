import { ResilientCircuitError } from '../core/errors.ts'
import { isProtectedCallError } from '../core/rejection.ts'

export type Outcome = 'success' | 'failure' | 'ignored'

/** An outcome, with what the dependency said about when to come back. */
export interface ClassifiedFailure {
  readonly outcome: 'failure'
  /** In milliseconds. */
  readonly retryAfterMs?: number
}

export type Classification = Outcome | ClassifiedFailure

/** What a call came to: a value, or an error. */
export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }

/** The call took longer than the breaker's `timeout`. It counts as a failure. */
export class CallTimeoutError extends ResilientCircuitError {
  override readonly name = 'CallTimeoutError'
  readonly code = 'CALL_TIMEOUT'

  constructor(resourceKey: string, timeoutMs: number) {
    super(`call to ${JSON.stringify(resourceKey)} took longer than ${timeoutMs} ms`)
  }
}

/** What a result means where nobody says otherwise. */
export function defaultOutcome(
  result: CallResult,
  shouldHandle: (error: unknown) => boolean,
  callerAborted: boolean,
): Outcome {
  if (result.ok) return 'success'
  // What another breaker rejected says nothing about this dependency; neither does a caller who went away.
  if (isProtectedCallError(result.error) || callerAborted) return 'ignored'
  // An error that is not to be handled is an answer: the dependency is there.
  return shouldHandle(result.error) ? 'failure' : 'success'
}

/** A classifier that judges an object by its fields `success` and `error`, where it has both and `classify` says nothing of it. */
export function byFields(
  classify: ((result: CallResult) => Classification | undefined) | undefined,
  shouldHandle: (error: unknown) => boolean,
): (result: CallResult) => Classification | undefined {
  return (result) => {
    const said = classify?.(result)
    if (said !== undefined || !result.ok) return said
    const { value } = result
    if (typeof value !== 'object' || value === null) return undefined
    if (!('success' in value && 'error' in value) || value.success) return undefined
    return shouldHandle(value.error) ? 'failure' : 'success'
  }
}
