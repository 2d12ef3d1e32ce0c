import type { Settings } from './settings.ts'
import type { BreakerState, Cause, CircuitState, OverrideKind } from './state.ts'

/** Everything that can happen to a breaker. `transition` says what comes of it. */
export type Event = Report | Show | Acquire | Command

/** Outcomes of calls, in the order in which they ended. */
export interface Report {
  readonly type: 'report'
  /** The generation that admitted these calls; in any other they are void. */
  readonly generation: number
  /** A random 32-bit integer that names this report: a repeat of it is recognised. */
  readonly flushId: number
  /** The newest flush id that the sender had seen in the row before it first sent this one; null: none. See {@link Verdict} `unknown`. */
  readonly since: number | null
  /** `1` for a failure, `0` for a success, oldest first. */
  readonly outcomes: string
  /** In half-open, outcome i belongs to the probe `tokens[i]`; empty otherwise. */
  readonly tokens: readonly number[]
  /** Probes given back without an outcome. */
  readonly released: readonly number[]
  /** How long the dependency asked to be left alone. */
  readonly retryAfterMs: number | null
  /** Trip at once, whatever the window holds. */
  readonly trip: boolean
  /** Calls that `METRICS_ONLY` let through and that would have been rejected. */
  readonly wouldReject: number
  readonly settings: Settings
  /** Whose outcomes these are. Where nobody says, as earlier versions do not, each failure counts as another isolate's. */
  readonly reporter?: Reporter | undefined
  /** The calls of this isolate since it last sent something, where it was drawn to tell of them. */
  readonly tell?: Tell | undefined
  /** The share of its outcomes that it reports, above 0 up to 1. Default 1. */
  readonly told?: number | undefined
}

/** Calls of one isolate that was drawn to tell of them. */
export interface Tell {
  readonly calls: number
  /** In how many milliseconds they were made, up to now. */
  readonly spanMs: number
  /** From 0 up to 1, drawn before they were made. */
  readonly draw: number
  /** The share of all refreshes that tell, as it knew it: above its draw, up to 1. */
  readonly share: number
}

/** The isolate that reports. */
export interface Reporter {
  /** A random 32-bit integer, never 0. */
  readonly id: number
  /** For how long it holds another isolate alive after the row last heard of it, in milliseconds. */
  readonly aliveMs: number
}

/** An isolate that has nothing to report makes itself known. It is written only where too few others are known. */
export interface Show {
  readonly type: 'show'
  readonly reporter: Reporter
  /** Does it reject calls by itself, because it fails and others do not? */
  readonly alone: boolean
  readonly tell?: Tell | undefined
  readonly settings: Settings
}

/** A wish to make one call. */
export interface Acquire {
  readonly type: 'acquire'
  /** For how long a probe may hold its place, in milliseconds. */
  readonly leaseMs: number
  readonly settings: Settings
}

/** An operator's command. */
export interface Command {
  readonly type: 'command'
  readonly order: Order
  readonly actor: string | null
  readonly reason: string | null
}

export type Order =
  | { readonly command: 'open'; readonly cooldownMs: readonly number[] }
  | { readonly command: 'close' | 'reset' }
  /** `forMs` null: until lifted. `FORCED_OPEN` isolates; null lifts what stands. */
  | {
      readonly command: 'override'
      readonly override: OverrideKind | null
      readonly forMs: number | null
    }

/**
 * What came of an event. Of a report: `none` (empty), `counted`, `extended` (only its Retry-After counted), `duplicate` (counted
 * before), `stale` (of an older generation), `overridden` (an operator's order says to record nothing), or `unknown`: the row no
 * longer remembers the flush id that the sender saw last, so it cannot be told whether this report was counted before.
 * Of a wish to call: `admitted`, `probe`, `would-reject` (let through by `METRICS_ONLY`, without a permit) or `rejected`.
 */
export type Verdict =
  | 'none'
  | 'counted'
  | 'extended'
  | 'duplicate'
  | 'stale'
  | 'overridden'
  | 'unknown'
  | 'admitted'
  | 'probe'
  | 'would-reject'
  | 'rejected'
  | 'commanded'

/** The state after an event; the very same object where nothing was written. */
export interface Step<S extends BreakerState = BreakerState> {
  readonly state: S
  readonly verdict: Verdict
  /** The permit of a `probe`. */
  readonly token?: number
}

/** One line of the audit log. */
export interface Transition {
  readonly resourceKey: string
  readonly namespace: string
  readonly generation: number
  readonly from: CircuitState
  readonly to: CircuitState
  readonly cause: Cause
  readonly actor: string | null
  readonly reason: string | null
  /** Milliseconds of the storage's clock. */
  readonly at: number
}
