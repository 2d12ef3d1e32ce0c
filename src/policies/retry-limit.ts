import { ResilientCircuitError } from '../core/errors.ts'

/**
 * Why a call that failed is not repeated. `MAX_RETRIES`: it was, as often as it may. `BUDGET`: too
 * many calls are repeated already. `BREAKER`: a breaker within is near its limit, or only probing.
 * `TOTAL_TIMEOUT`: there is no time left.
 */
export type RetryStop = 'MAX_RETRIES' | 'BUDGET' | 'BREAKER' | 'TOTAL_TIMEOUT'

const WHY: Readonly<Record<RetryStop, string>> = {
  MAX_RETRIES: '',
  BUDGET: '; the retry budget is used up',
  BREAKER: '; the breaker is too near its limit for another',
  TOTAL_TIMEOUT: '; there is no time left for another',
}

/** Every attempt failed; `cause` is the last one's error. */
export class RetryLimitReached extends ResilientCircuitError {
  override readonly name = 'RetryLimitReached'
  readonly code = 'RETRY_LIMIT_REACHED'
  /** How many attempts were made. */
  readonly attempts: number
  /** Why there was no further one. */
  readonly reason: RetryStop

  /** @param reason - default `'MAX_RETRIES'` */
  constructor(attempts: number, cause: unknown, reason: RetryStop = 'MAX_RETRIES') {
    const failed = attempts === 1 ? 'the only attempt failed' : `all ${attempts} attempts failed`
    super(failed + WHY[reason], { cause })
    this.attempts = attempts
    this.reason = reason
  }
}
