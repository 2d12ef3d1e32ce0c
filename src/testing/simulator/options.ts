import type { CircuitProtectorOptions } from '../../breaker/options.ts'
import type { Names } from '../../core/checks.ts'
import type { Spread } from './random.ts'

/** A fleet, its storage and its dependency. Times are milliseconds since the start, up to a day. */
export interface SimulationOptions {
  /** A whole number from 0. The same seed gives the same report. Default 1. */
  readonly seed?: number | undefined
  /** How long calls come in: a whole number, from 1 to a day. */
  readonly durationMs: number
  /** The isolates, in at least one group. All share one breaker. */
  readonly fleet: readonly FleetGroup[]
  /**
   * What the dependency does, by time, for every group that names no other. At least one phase, and
   * the first begins at 0. The report counts by these phases.
   */
  readonly dependency: readonly Phase[]
  /** How each isolate's breaker is made. */
  readonly breaker: BreakerOptions
  /** Default: a storage that has no faults. */
  readonly storage?: SimulatedStorageOptions | undefined
}

/** The options of a breaker, without those that the simulator sets. */
export type BreakerOptions = Omit<
  CircuitProtectorOptions,
  'storage' | 'runtime' | 'background' | 'resourceKey' | 'namespace'
>

/** Isolates that are alike: a region, a tenant, or a part of the fleet that is in trouble. */
export interface FleetGroup {
  /** Default: its place in the list, from `'0'`. */
  readonly name?: string | undefined
  /** How many live at once: a whole number from 1 to 1,000,000. */
  readonly isolates: number
  /** Of each isolate, on average: above 0, up to 100,000. */
  readonly callsPerSecond: number
  /** `'regular'`: at even intervals. Default `'random'`: independently of each other. */
  readonly arrivals?: 'random' | 'regular' | undefined
  /**
   * After so many calls, from 1, an isolate ends, and a new one takes its place. What it has not
   * sent by then is lost. Default: never.
   */
  readonly callsPerLife?: number | undefined
  /**
   * What this group's calls meet, by time; the first phase begins at 0. Default: the fleet's
   * `dependency`.
   */
  readonly dependency?: readonly Phase[] | undefined
}

/** What a dependency does from an instant on, until its next phase begins. */
export interface Phase {
  readonly name: string
  /** A whole second, in milliseconds, and later than that of the phase before. */
  readonly fromMs: number
  /** The share of calls that fail, from 0 to 1. 1: dead. */
  readonly failures: number
  /** How long a call takes. Default: 50 ms on average, 10 ms at least. */
  readonly latency?: Spread | undefined
}

/** How slow and how unreliable the storage is. */
export interface SimulatedStorageOptions {
  /** There and back again. Default: 30 ms on average, 10 ms at least. */
  readonly latency?: Spread | undefined
  /**
   * How long a write holds the row, so that others wait: 1,000 over it is the most writes a second.
   * Default 0.7.
   */
  readonly writeMs?: number | undefined
  /**
   * The share of operations, from 0 to 1, that never reach the storage, and never answer. Default
   * 0.
   */
  readonly timeouts?: number | undefined
  /**
   * The share of operations that are done, and whose answer is lost. With `timeouts` at most 1.
   * Default 0.
   */
  readonly lostAnswers?: number | undefined
  /** While the storage refuses everything. Default: never. */
  readonly outages?: readonly { readonly fromMs: number; readonly untilMs: number }[] | undefined
  /**
   * At this time the rows become what they were so long before, as after a restore or a failover.
   * Default: never.
   */
  readonly rewind?: { readonly atMs: number; readonly byMs: number } | undefined
}

export const SIMULATION_OPTIONS: Names<SimulationOptions> = {
  seed: 1,
  durationMs: 1,
  fleet: 1,
  dependency: 1,
  breaker: 1,
  storage: 1,
}

export const GROUP_OPTIONS: Names<FleetGroup> = {
  name: 1,
  isolates: 1,
  callsPerSecond: 1,
  arrivals: 1,
  callsPerLife: 1,
  dependency: 1,
}

export const PHASE_OPTIONS: Names<Phase> = { name: 1, fromMs: 1, failures: 1, latency: 1 }

export const STORAGE_OPTIONS: Names<SimulatedStorageOptions> = {
  latency: 1,
  writeMs: 1,
  timeouts: 1,
  lostAnswers: 1,
  outages: 1,
  rewind: 1,
}
