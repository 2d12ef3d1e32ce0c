import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { type Classification, isGivenUp } from '../breaker/classify.ts'
import { isProtectedCallError } from '../core/rejection.ts'
import { isMarked, isRejection } from '../http/rejection.ts'
import { parseRetryAfter } from '../policies/retry-after.ts'

export interface OutcomeRules<C> {
  /** Is the answer in `c.res` a failure? */
  readonly isFailure: (c: C) => boolean
  readonly shouldHandle: (error: unknown) => boolean
  readonly trusted: ReadonlySet<string>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** What a request says about what it needed, once Hono has its answer. */
export function outcomeOf<C extends Context>(
  c: C,
  { isFailure, shouldHandle, trusted, now }: OutcomeRules<C>,
): Classification {
  // A handler that returned nothing: Hono answers with a 500, which is not here yet.
  if (!c.finalized) return 'failure'
  if (isMarked(c) || isRejection(c.res, trusted) || isProtectedCallError(c.error)) return 'ignored'
  if (!isFailure(c) || (c.error !== undefined && !shouldHandle(c.error))) return 'success'
  if (isGivenUp(c.req.raw.signal)) return 'ignored'
  const retryAfterMs = parseRetryAfter(c.res.headers.get('retry-after') ?? '', now())
  return retryAfterMs === undefined ? 'failure' : { outcome: 'failure', retryAfterMs }
}

/** What a request says that escaped from Hono's error handling, as all do that throw no `Error`. */
export function outcomeOfThrown(c: Context, error: unknown): Classification | undefined {
  if (isGivenUp(c.req.raw.signal)) return 'ignored'
  if (error instanceof HTTPException && error.status < 500) return 'success'
  return undefined
}

export function isServerError(c: Context): boolean {
  return c.res.status >= 500
}
