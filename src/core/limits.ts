import { checkedInteger, checkKnown } from './checks.ts'
import { type Duration, toMilliseconds } from './duration.ts'
import { InvalidOptionError } from './errors.ts'

/** The widest window, in outcomes, and the length to which every breaker's log is kept. */
export const MAX_WINDOW = 1_000
/** The most reporters that a limit may ask for. */
export const MOST_REPORTERS = 5
/** Into how many buckets a time window is cut. */
export const BUCKETS = 10

/** k of n: never reduced, so that 5/10 is a window of ten outcomes and not of two. Made by {@link fraction}. */
export interface Fraction {
  readonly numerator: number
  readonly denominator: number
}

/** A failure ratio over a time window. Made by {@link failureRate}. */
export interface FailureRate {
  readonly rate: number
  /** Length of the window in milliseconds. */
  readonly over: number
  readonly minimumThroughput: number
}

/**
 * `fraction(5, 10)` as a failure limit means *5 failures among the last 10 outcomes*; `fraction(n, n)` is n in a row.
 * @param numerator - k, a whole number from 1 to `denominator`
 * @param denominator - n, the window: a whole number from 1 to 1,000
 * @throws {InvalidOptionError} outside these ranges
 */
export function fraction(numerator: number, denominator: number): Fraction {
  return checkedFraction('fraction(numerator, denominator)', { numerator, denominator })
}

/** @throws {InvalidOptionError} naming `option` where `value` is no fraction k/n with 1 <= k <= n <= 1,000. */
export function checkedFraction(option: string, value: unknown): Fraction {
  const { numerator, denominator } = (
    typeof value === 'object' && value !== null ? value : {}
  ) as Partial<Fraction>
  const whole = Number.isInteger(numerator) && Number.isInteger(denominator)
  if (!whole || numerator! < 1 || numerator! > denominator! || denominator! > MAX_WINDOW) {
    const got =
      numerator === undefined && denominator === undefined ? value : `${numerator}/${denominator}`
    throw new InvalidOptionError(
      option,
      `k of n in whole numbers with 1 <= k <= n <= ${MAX_WINDOW}`,
      got,
    )
  }
  return Object.freeze({ numerator: numerator!, denominator: denominator! })
}

/**
 * Trips when at least `rate` of the calls within the window failed, and at least `minimumThroughput` calls were made.
 * The window is counted in ten buckets and moves by the storage's clock.
 * @param rate - above 0, up to 1
 * @param options.over - length of the window, 1 s to 1 h
 * @param options.minimumThroughput - whole number from 1 to 1,000,000; default 10
 * @throws {InvalidOptionError} outside these ranges
 */
export function failureRate(
  rate: number,
  options: { readonly over: Duration; readonly minimumThroughput?: number | undefined },
): FailureRate {
  const minimumThroughput = options?.minimumThroughput ?? 10
  if (typeof rate !== 'number' || !(rate > 0 && rate <= 1))
    throw new InvalidOptionError('failureRate rate', 'a number above 0 and up to 1', rate)
  const over = toMilliseconds('failureRate over', options?.over, { min: 1_000, max: 3_600_000 })
  checkKnown(options, { over: 1, minimumThroughput: 1, rate: 1 })
  checkedInteger('failureRate minimumThroughput', minimumThroughput, 1, 1_000_000)
  return Object.freeze({ rate, over, minimumThroughput })
}
