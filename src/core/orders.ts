import { type Duration, toMilliseconds } from './duration.ts'
import { InvalidOptionError } from './errors.ts'
import type { Command, Order } from './event.ts'
import { checkedKey } from './key.ts'
import { DAY_MS } from './settings.ts'
import type { OverrideKind } from './state.ts'

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

/** @throws {InvalidOptionError} naming `actor` or `reason`, where these cannot be kept */
export function commandOf(
  order: Order,
  { actor, reason }: { readonly actor?: string | undefined; readonly reason?: string | undefined },
): Omit<Command, 'type'> {
  const word = (option: string, value: string | undefined) =>
    value === undefined ? null : checkedKey(option, value)
  return { order, actor: word('actor', actor), reason: word('reason', reason) }
}
