import { isOwnError, ResilientCircuitError, shown } from '../core/errors.ts'
import { isProtectedCallError } from '../core/rejection.ts'

export type Outcome = 'success' | 'failure' | 'ignored'

/** An outcome, with what the dependency said about when to come back. */
export interface ClassifiedFailure {
  readonly outcome: 'failure'
  /** In milliseconds. */
  readonly retryAfterMs?: number | undefined
}

export type Classification = Outcome | ClassifiedFailure

/** What a call came to: a value, or an error. */
export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }

/** The call took longer than a `timeout`, of a breaker or of a policy. It counts as a failure. */
export class CallTimeoutError extends ResilientCircuitError {
  override readonly name = 'CallTimeoutError'
  readonly code = 'CALL_TIMEOUT'

  /** @param resourceKey - the breaker's; undefined where the limit is no breaker's */
  constructor(resourceKey: string | undefined, timeoutMs: number) {
    const to = resourceKey === undefined ? '' : ` to ${JSON.stringify(resourceKey)}`
    super(`call${to} took longer than ${timeoutMs} ms`)
  }
}

const OUTCOMES: readonly unknown[] = ['success', 'failure', 'ignored'] satisfies readonly Outcome[]

/** Is this an answer that `classify` may give? */
function isClassification(answer: unknown): answer is Classification {
  if (typeof answer !== 'object' || answer === null) return OUTCOMES.includes(answer)
  const { outcome, retryAfterMs } = answer as Partial<ClassifiedFailure>
  return OUTCOMES.includes(outcome) && (retryAfterMs === undefined || retryAfterMs >= 0)
}

/**
 * What `classify` makes of a result; undefined where it leaves that to the default rules.
 * @throws {TypeError} where it answers something else, such as a promise
 */
export function classified(
  classify: ((result: CallResult) => Classification | null | undefined) | undefined,
  result: CallResult,
): Classification | undefined {
  const answer = classify?.(result) ?? undefined
  if (answer === undefined || isClassification(answer)) return answer
  throw notAn(answer, "'success', 'failure', 'ignored' or { outcome: 'failure', retryAfterMs }")
}

/**
 * A yes or no, or what JavaScript takes for one. @throws {TypeError} where it is a promise: that
 * would always be a yes
 */
export function yesOrNo(answer: unknown): boolean {
  if (typeof answer === 'object' && answer !== null && 'then' in answer)
    throw notAn(answer, 'true or false')
  return Boolean(answer)
}

function notAn(answer: unknown, expected: string): TypeError {
  const isPromise = typeof answer === 'object' && answer !== null && 'then' in answer
  // Nobody waits for it, so nobody else would see it fail.
  if (isPromise) Promise.resolve(answer).catch(() => {})
  return new TypeError(`it must answer ${expected}; got ${isPromise ? 'a promise' : shown(answer)}`)
}

/**
 * Did the caller go away? A time limit that ran out is no such thing, its own or that of a breaker
 * around this one: there the dependency was too slow.
 */
export function isGivenUp(signal: AbortSignal | undefined): boolean {
  if (signal?.aborted !== true) return false
  const reason: unknown = signal.reason
  return (
    (reason as Error | undefined)?.name !== 'TimeoutError' && !isOwnError(reason, 'CALL_TIMEOUT')
  )
}

/** What a result means where nobody says otherwise. */
export function defaultOutcome(
  result: CallResult,
  shouldHandle: ((error: unknown) => boolean) | undefined,
  givenUp: boolean,
): Outcome {
  if (result.ok) return 'success'
  // What another breaker rejected says nothing about this dependency; neither does a caller who
  // went away.
  if (isProtectedCallError(result.error) || givenUp) return 'ignored'
  // An error that is not to be handled is an answer: the dependency is there.
  return shouldHandle === undefined || shouldHandle(result.error) ? 'failure' : 'success'
}

/**
 * A classifier that judges an object by its fields `success` and `error`, where it has both and
 * `classify` says nothing of it.
 */
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
