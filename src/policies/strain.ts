import type { CircuitProtectorPolicy } from '../breaker/circuit-protector.ts'
import { activeOverride } from '../core/state.ts'

/** What can be seen of a breaker, without I/O. A `CircuitProtectorPolicy` is one. */
export type BreakerView = Pick<
  CircuitProtectorPolicy,
  'status' | 'snapshot' | 'failureLimit' | 'executionLog'
>

/** The breakers among these policies, and within those that are made of others. */
export function breakersIn(policies: readonly object[]): readonly BreakerView[] {
  return policies.flatMap((each) =>
    'policies' in each && Array.isArray(each.policies)
      ? breakersIn(each.policies)
      : isBreaker(each)
        ? [each]
        : [],
  )
}

export function isBreaker(candidate: object): candidate is BreakerView {
  return 'failureLimit' in candidate && 'executionLog' in candidate
}

/**
 * Is a breaker half-way to its limit or further, or only probing? An open one is not: it rejects,
 * which costs nothing and tells why. Neither is one that an operator overrides: its window decides
 * nothing.
 * @param own - how many of its newest failures are those of the call that asks: a call is no sign
 * of trouble for itself
 */
export function isStrained(breaker: BreakerView, own: number): boolean {
  const { status, snapshot, failureLimit } = breaker
  if (status === 'OPEN') return false
  if (snapshot !== null && activeOverride(snapshot, snapshot.at) !== null) return false
  if (status === 'HALF_OPEN') return true
  const { failureCount, length, isFull } = breaker.executionLog
  const failures = failureCount - own
  if (failures <= 0) return false
  return 'rate' in failureLimit
    ? isFull && failures * 2 >= failureLimit.rate * (length - own)
    : failures * 2 >= failureLimit.numerator
}
