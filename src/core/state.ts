import type { Settings } from './settings.ts'

/** The status of a breaker, as the table spells it. */
export type CircuitState = 'CLOSED' | 'OPEN' | 'HALF_OPEN'
export const CircuitState: { readonly [S in CircuitState]: S } = Object.freeze({
  CLOSED: 'CLOSED',
  OPEN: 'OPEN',
  HALF_OPEN: 'HALF_OPEN',
})

/** The end of an open that nobody limited: 9999-12-31T00:00:00Z, in milliseconds. */
export const INDEFINITE: number = Date.UTC(9999, 11, 31)

/** How many flush ids a breaker remembers, newest first. */
export const RING = 128

export type OverrideKind = 'FORCED_OPEN' | 'DISABLED' | 'METRICS_ONLY'

/** An operator's standing order. */
export interface Override {
  readonly kind: OverrideKind
  /** When it ends, in milliseconds of the storage's clock; null: when lifted. */
  readonly until: number | null
  /** How long it was given for: an end further ahead than this means that the clock stepped back, and counts as past. */
  readonly durationMs: number | null
  readonly actor: string | null
  readonly reason: string | null
}

/** Why a breaker changed. The first group is the machine's own doing, `foreign` another program's, the rest an operator's. */
export type Cause =
  | 'failure_limit'
  | 'failure_rate'
  | 'retry_after'
  | 'cooldown_over'
  | 'probes_failed'
  | 'probes_succeeded'
  | 'foreign'
  | 'opened'
  | 'closed'
  | 'isolated'
  | 'overridden'
  | 'reset'
  | 'removed'

interface Common {
  /** Grows at every transition; 0: never transitioned. Milliseconds of the storage's clock, unless that stood still or stepped back. */
  readonly generation: number
  readonly previousGeneration: number
  /** Grows at every write; orders writes within one generation. */
  readonly version: number
  /** The newest outcomes of this generation, at most 1,000, oldest first; `1` is a failure. An open breaker shows those that opened it. */
  readonly log: string
  /** Failures within the last reporter's window. */
  readonly failureCount: number
  /** Consecutive opens: grows with each, 0 once closed. */
  readonly opens: number
  /** Why it last changed. */
  readonly cause: Cause | null
  readonly override: Override | null
  /** Calls that `METRICS_ONLY` let through and that would have been rejected. */
  readonly wouldReject: number
  /** What the last reporter asked for. */
  readonly settings: Settings | null
  /** Which isolates it knows, and whose its newest failures are. */
  readonly reporters: Reporters
  /** What it knows of the fleet's calls. */
  readonly traffic: Traffic
  /** When something visible last changed, in milliseconds of the storage's clock. */
  readonly updatedAt: number
}

export interface Closed extends Common {
  readonly status: 'CLOSED'
  readonly buckets: Buckets | null
}

export interface Open extends Common {
  readonly status: 'OPEN'
  /** When the cooldown ends, in milliseconds of the storage's clock. */
  readonly openUntil: number
  /** How long it was given for: an end further ahead than this means that the clock stepped back, and counts as past. */
  readonly cooldownMs: number
}

export interface HalfOpen extends Common {
  readonly status: 'HALF_OPEN'
  /** The tokens of the probes that have not reported, in the order of their grants; see `lease.ts`. */
  readonly leases: readonly number[]
  /** The longest lease granted in this generation. */
  readonly leaseMs: number
}

/** The counts of a time window, newest bucket last. */
export interface Buckets {
  /** Number of the newest bucket: milliseconds since 1970 over `widthMs`. */
  readonly newest: number
  readonly widthMs: number
  readonly successes: readonly number[]
  readonly failures: readonly number[]
}

/** What a breaker knows of the isolates that use it. Each list has its newest first, and names an isolate once. */
export interface Reporters {
  /** When it last heard of whom. */
  readonly seen: readonly Sign[]
  /** Failures of this generation. */
  readonly failures: number
  /** Whose they are: `nth` is the number of an isolate's newest one. */
  readonly failed: readonly { readonly id: number; readonly nth: number }[]
  /** Isolates that said they fail alone, and until when that stands. */
  readonly alone: readonly { readonly id: number; readonly until: number }[]
}

export interface Sign {
  /** A random 32-bit integer; 0: of an earlier version of this library, which gives no name. */
  readonly id: number
  /** Milliseconds of the storage's clock. */
  readonly at: number
}

/** What a breaker knows of the calls of its whole fleet, most of which nobody tells. */
export interface Traffic {
  /** Calls (`successes`) and how many told of them (`failures`), each by the share that it stands for; null: nobody did. */
  readonly counts: Buckets | null
  /** The number of the first bucket of which all was counted. */
  readonly first: number
  /** Up to when calls are accounted for, in milliseconds of the storage's clock. */
  readonly at: number
  /** Failures that were told lately: a sum that fades. */
  readonly failed: number
  /** The part of a success that is still to be assumed. */
  readonly credit: number
}

export const NO_TRAFFIC: Traffic = Object.freeze({
  counts: null,
  first: 0,
  at: 0,
  failed: 0,
  credit: 0,
})

export const NO_REPORTERS: Reporters = Object.freeze({
  seen: Object.freeze([]),
  failures: 0,
  failed: Object.freeze([]),
  alone: Object.freeze([]),
})

/** One breaker: each status carries only its own data. */
export type BreakerState = Closed | Open | HalfOpen

/** A breaker as a storage keeps it: with the ids of the newest writes, newest first, by which it recognises a repeat. */
export type StoredState = BreakerState & { readonly flushIds: readonly number[] }

/** A breaker that nothing was ever reported to. */
export const BLANK: Closed & { readonly flushIds: readonly number[] } = Object.freeze({
  status: 'CLOSED',
  generation: 0,
  previousGeneration: 0,
  version: 0,
  log: '',
  failureCount: 0,
  opens: 0,
  cause: null,
  override: null,
  wouldReject: 0,
  settings: null,
  reporters: NO_REPORTERS,
  traffic: NO_TRAFFIC,
  updatedAt: 0,
  buckets: null,
  flushIds: Object.freeze([]),
})

/** The order in force at `now`, or null. */
export function activeOverride(state: BreakerState, now: number): Override | null {
  const { override } = state
  if (override === null || override.until === null) return override
  const left = override.until - now
  return left > 0 && left <= override.durationMs! ? override : null
}

/** Is the cooldown over at `now`? */
export function isDue(open: Open, now: number): boolean {
  const left = open.openUntil - now
  return left <= 0 || left > open.cooldownMs
}

/** The status as time has left it: `DUE` is an open breaker whose cooldown is over. */
export type Phase = CircuitState | 'DUE'

/** An open breaker that nobody calls stays `OPEN` in its row for ever. From its end on, it rejects nothing. */
export function phaseOf(state: BreakerState, now: number): Phase {
  return state.status === 'OPEN' && isDue(state, now) ? 'DUE' : state.status
}
