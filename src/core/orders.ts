import { checkKnown, type Names } from './checks.ts'
import { type Duration, toMilliseconds } from './duration.ts'
import { InvalidOptionError } from './errors.ts'
import type { Command, Order } from './event.ts'
import { checkedKey } from './key.ts'
import { DAY_MS } from './settings.ts'
import type { OverrideKind } from './state.ts'

/** An operator's command in words: who gives it, and why. 1 to 255 characters each. */
export interface Operator {
  readonly actor?: string | undefined
  readonly reason?: string | undefined
}

/** With an end: 1 ms to 30 days; without: until lifted. */
export interface TimedOperator extends Operator {
  readonly for?: Duration | undefined
}

const OPERATOR: Names<Operator> = { actor: 1, reason: 1 }
const TIMED_OPERATOR: Names<TimedOperator> = { ...OPERATOR, for: 1 }

/** How long an override may stand that has an end. */
export const LONGEST_ORDER: { readonly min: number; readonly max: number } = {
  min: 1,
  max: 30 * DAY_MS,
}

/** @throws {InvalidOptionError} naming `override` or `for`, where these are no order */
export function overrideOrder(override: OverrideKind | null, period: Duration | undefined): Order {
  if (
    override !== null &&
    override !== 'FORCED_OPEN' &&
    override !== 'DISABLED' &&
    override !== 'METRICS_ONLY'
  )
    throw new InvalidOptionError(
      'override',
      "'FORCED_OPEN', 'DISABLED', 'METRICS_ONLY' or null",
      override,
    )
  const forMs = period === undefined ? null : toMilliseconds('for', period, LONGEST_ORDER)
  return { command: 'override', override, forMs }
}

/** @throws {InvalidOptionError} naming `actor` or `reason` where these cannot be kept, or an option that does not exist */
export function commandOf(order: Order, operator: Operator): Omit<Command, 'type'> {
  checkKnown(operator, order.command === 'override' ? TIMED_OPERATOR : OPERATOR)
  const { actor, reason } = operator
  const word = (option: string, value: string | undefined) =>
    value === undefined ? null : checkedKey(option, value)
  return { order, actor: word('actor', actor), reason: word('reason', reason) }
}
