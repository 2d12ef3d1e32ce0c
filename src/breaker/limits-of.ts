import { BUCKETS, type FailureRate, type Fraction } from '../core/limits.ts'
import type { Settings } from '../core/settings.ts'

/** The limits of a breaker, as its options would say them. */
export interface Limits {
  readonly failureLimit: Fraction | FailureRate
  readonly successLimit: Fraction
  readonly cooldown: number
}

export function limitsOf({ trip, probes, successes, cooldownMs }: Settings): Limits {
  const failureLimit =
    'rate' in trip
      ? { rate: trip.rate, over: trip.bucketMs * BUCKETS, minimumThroughput: trip.minimum }
      : { numerator: trip.failures, denominator: trip.outOf }
  return {
    failureLimit: Object.freeze(failureLimit),
    successLimit: Object.freeze({ numerator: successes, denominator: probes }),
    cooldown: cooldownMs[0]!,
  }
}
