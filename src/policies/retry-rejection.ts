import { isProtectedCallError, ProtectedCallError } from '../core/rejection.ts'

/** How deep a rejection may lie in the causes of an error. */
const DEEPEST_CAUSE = 5

/**
 * Did a breaker reject what this error is of, itself or as a cause? A client may have wrapped the
 * rejection in an error of its own.
 */
export function isRejection(error: unknown): boolean {
  let each = error
  for (let depth = 0; depth < DEEPEST_CAUSE && each instanceof Error; depth++) {
    if (isProtectedCallError(each)) return true
    each = each.cause
  }
  return false
}

/** A rejection that also tells what went wrong before it, if it does not tell so already. */
export function because(
  rejection: unknown,
  last: { readonly error: unknown } | undefined,
): unknown {
  return last !== undefined && isProtectedCallError(rejection) && rejection.cause === undefined
    ? new ProtectedCallError({ ...rejection, cause: last.error })
    : rejection
}
