import type { Backoff } from './backoff.ts'
import { checkedInteger } from './checks.ts'
import { type Duration, toMilliseconds } from './duration.ts'
import { InvalidOptionError } from './errors.ts'
import {
  BUCKETS,
  checkedFraction,
  type FailureRate,
  type Fraction,
  failureRate,
  MOST_REPORTERS,
} from './limits.ts'

/** Milliseconds in the longest cooldown, lease, and override-free wait: a day. */
export const DAY_MS = 86_400_000
/** For how many consecutive opens a cooldown function is asked, once, at construction. */
const COOLDOWN_STEPS = 16

/** What one reporter wants of a breaker, ready to be judged by. Travels with every request as it is. */
export interface Settings {
  readonly trip: CountRule | RateRule
  /** The half-open window: how many probes decide. */
  readonly probes: number
  /** How many of them must succeed to close. */
  readonly successes: number
  /** How many probes may be out at once, fleet-wide. */
  readonly probeConcurrency: number
  readonly probeLeaseMs: number
  /** How many different isolates the newest failures must come from. */
  readonly reporters: number
  /** Cooldown by number of consecutive opens; the last one stands for all that follow. */
  readonly cooldownMs: readonly number[]
}

export interface CountRule {
  readonly failures: number
  readonly outOf: number
}

export interface RateRule {
  readonly rate: number
  readonly minimum: number
  readonly bucketMs: number
}

export type Cooldown = Duration | Backoff | ((opens: number) => Duration)

/** The options that make {@link Settings}. */
export interface SettingsOptions {
  /** When to trip: `fraction(k, n)` or `failureRate(rate, { over })`. Default `fraction(1, 1)`. */
  readonly failureLimit?: Fraction | FailureRate | undefined
  /**
   * How many different isolates the newest failures must come from before the breaker opens for all, 1 to 5, so that an isolate with a
   * broken route of its own does not stop the fleet. Where fewer are alive, or the limit is fewer failures, so many are enough. An
   * isolate that fails alone rejects by itself. Default 2; 1: a single one may open it.
   */
  readonly reporters?: number | undefined
  /** When to close again: k successes among n probes. Default: as many as keep the probes under `failureLimit`. */
  readonly successLimit?: Fraction | undefined
  /**
   * How long to stay open, 1 ms to 24 h; or that by number of consecutive opens, 1 to 16, as an `ExponentialDelay` or a function. It is
   * asked once, at construction. Default `'30s'`.
   */
  readonly cooldown?: Cooldown | undefined
  /** How many probes may be out at once, 1 to the half-open window. Default: the window. */
  readonly probeConcurrency?: number | undefined
  /** How long a probe may stay unreported before its place is given to another, 1 ms to 24 h. Default `'30s'`. */
  readonly probeLease?: Duration | undefined
}

/** @throws {InvalidOptionError} naming the option, its range and the value */
export function resolveSettings(options: SettingsOptions): Settings {
  const limit = options.failureLimit ?? { numerator: 1, denominator: 1 }
  const rate =
    typeof limit === 'object' && 'rate' in limit ? failureRate(limit.rate, limit) : undefined
  const count = rate ? undefined : checkedFraction('failureLimit', limit)
  const success =
    options.successLimit === undefined
      ? undefined
      : checkedFraction('successLimit', options.successLimit)
  // Without a success limit the probes are held to the failure limit, as the Python library does; a rate has no count, so one probe decides.
  const probes = success?.denominator ?? count?.denominator ?? 1
  const successes = success?.numerator ?? (count ? count.denominator - count.numerator + 1 : 1)
  const probeConcurrency = options.probeConcurrency ?? probes
  if (!Number.isInteger(probeConcurrency) || probeConcurrency < 1 || probeConcurrency > probes) {
    throw new InvalidOptionError(
      'probeConcurrency',
      `a whole number from 1 to the half-open window (${probes})`,
      probeConcurrency,
    )
  }
  return Object.freeze({
    trip: Object.freeze(
      rate ? rateRule(rate) : { failures: count!.numerator, outOf: count!.denominator },
    ),
    probes,
    successes,
    probeConcurrency,
    probeLeaseMs: toMilliseconds('probeLease', options.probeLease ?? '30s', {
      min: 1,
      max: DAY_MS,
    }),
    reporters: checkedInteger('reporters', options.reporters ?? 2, 1, MOST_REPORTERS),
    cooldownMs: Object.freeze(cooldowns(options.cooldown ?? '30s')),
  })
}

function rateRule({ rate, over, minimumThroughput }: FailureRate): RateRule {
  return { rate, minimum: minimumThroughput, bucketMs: Math.ceil(over / BUCKETS) }
}

function cooldowns(cooldown: Cooldown): number[] {
  const range = { min: 1, max: DAY_MS }
  const ask = asFunction(cooldown)
  if (ask === undefined) return [toMilliseconds('cooldown', cooldown, range)]
  return Array.from({ length: COOLDOWN_STEPS }, (_, i) =>
    toMilliseconds(`cooldown(${i + 1})`, ask(i + 1), range),
  )
}

function asFunction(cooldown: Cooldown): ((opens: number) => unknown) | undefined {
  if (typeof cooldown === 'function') return cooldown
  if (typeof cooldown !== 'object' || typeof cooldown?.forAttempt !== 'function') return undefined
  // Without chance: a breaker may stand at a Worker's module scope, where there is none.
  return (opens) => cooldown.forAttempt(opens, () => 0)
}

/** The cooldown after so many consecutive opens. */
export function cooldownAfter(settings: Settings, opens: number): number {
  return settings.cooldownMs[Math.min(opens, settings.cooldownMs.length) - 1]!
}
