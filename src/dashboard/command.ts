import { toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError } from '../core/errors.ts'
import type { Order } from '../core/event.ts'
import { checkedKey } from '../core/key.ts'
import { LONGEST_ORDER } from '../core/orders.ts'
import type { Settings } from '../core/settings.ts'

/**
 * What an operator can order. `isolate`, `disable` and `metrics-only` take a time, `for`; without
 * it they stand until lifted. `force-open` is `isolate` without a time. `open` opens for the
 * breaker's own cooldown, `lift` ends an override.
 */
export type CommandName =
  | 'isolate'
  | 'disable'
  | 'metrics-only'
  | 'force-open'
  | 'open'
  | 'close'
  | 'lift'
  | 'reset'

/** An operator's command as it comes in. */
export interface DashboardCommand {
  readonly command: CommandName
  /** 1 ms to 30 d, as in `'15m'`. Left out or empty: until lifted. */
  readonly for?: string | undefined
  /** 1 to 255 characters. */
  readonly reason?: string | undefined
}

/** The times that a page offers. */
export const PERIODS: readonly (readonly [value: string, label: string])[] = [
  ['5m', '5 minutes'],
  ['15m', '15 minutes'],
  ['1h', '1 hour'],
  ['4h', '4 hours'],
  ['1d', '1 day'],
  ['7d', '7 days'],
  ['', 'Until lifted'],
]

const OVERRIDES = {
  isolate: 'FORCED_OPEN',
  disable: 'DISABLED',
  'metrics-only': 'METRICS_ONLY',
} as const

/** For how long `open` opens a breaker whose settings nobody reported: the default of a breaker. */
const COOLDOWN_MS: readonly number[] = [30_000]

/** What is said once a command is done. */
export const DONE: Readonly<Record<CommandName, string>> = {
  isolate: 'Isolated: calls are rejected.',
  disable: 'Disabled: calls go through, nothing is recorded.',
  'metrics-only': 'Metrics only: outcomes are recorded, no call is rejected.',
  'force-open': 'Forced open: calls are rejected until that is lifted.',
  open: 'Opened for its cooldown.',
  close: 'Closed.',
  lift: 'The override is lifted.',
  reset: 'Reset.',
}

export function isCommandName(name: unknown): name is CommandName {
  return typeof name === 'string' && Object.hasOwn(DONE, name)
}

/** @throws {InvalidOptionError} where that is no command */
export function parseCommand(input: unknown): {
  readonly command: CommandName
  readonly order: (s: Settings | null) => Order
  readonly reason: string | null
} {
  const {
    command,
    for: period,
    reason,
  } = (typeof input === 'object' && input !== null ? input : {}) as Record<string, unknown>
  if (!isCommandName(command))
    throw new InvalidOptionError('command', `one of ${Object.keys(DONE).join(', ')}`, command)
  const forMs = isMissing(period) ? null : toMilliseconds('for', period, LONGEST_ORDER)
  return {
    command,
    order: (settings) => orderOf(command, forMs, settings),
    reason: isMissing(reason) ? null : checkedKey('reason', reason),
  }
}

/** A form sends an empty text for what was left empty. */
const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'string' && value.trim() === '')

function orderOf(command: CommandName, forMs: number | null, settings: Settings | null): Order {
  switch (command) {
    case 'open':
      return { command, cooldownMs: settings?.cooldownMs ?? COOLDOWN_MS }
    case 'close':
    case 'reset':
      return { command }
    case 'lift':
      return { command: 'override', override: null, forMs: null }
    case 'force-open':
      return { command: 'override', override: 'FORCED_OPEN', forMs: null }
    default:
      return { command: 'override', override: OVERRIDES[command], forMs }
  }
}
