import { InvalidOptionError } from './errors.ts'

/** Milliseconds as a number, or a whole or decimal number with a unit: `'500ms'`, `'60s'`, `'5m'`, `'1h'`, `'30d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
const FORM = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

interface Range {
  /** Smallest value allowed, in milliseconds. */
  readonly min: number
  /** Largest value allowed, in milliseconds. */
  readonly max: number
}

/**
 * A duration in whole milliseconds.
 * @throws {InvalidOptionError} naming `option` where `value` is no duration, or outside `range`.
 */
export function toMilliseconds(option: string, value: unknown, { min, max }: Range): number {
  const match = typeof value === 'string' ? FORM.exec(value) : null
  const ms = match ? Number(match[1]) * UNIT_MS[match[2]!]! : value
  if (typeof ms !== 'number' || !(ms >= min && ms <= max)) {
    throw new InvalidOptionError(
      option,
      `a duration from ${formatDuration(min)} to ${formatDuration(max)}, as milliseconds or '500ms', '60s', '5m', '1h'`,
      value,
    )
  }
  return Math.round(ms)
}

/** A duration as people write it, in the largest unit that holds it exactly: 90000 is `90s`, 3600000 is `1h`. */
export function formatDuration(ms: number): string {
  for (const unit of ['d', 'h', 'm', 's']) {
    const size = UNIT_MS[unit]!
    if (ms >= size && ms % size === 0) return `${ms / size}${unit}`
  }
  return `${ms}ms`
}
