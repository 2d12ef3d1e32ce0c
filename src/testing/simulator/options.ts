import type { CircuitProtectorOptions } from '../../breaker/options.ts'
import type { Names } from '../../core/checks.ts'
import type { Spread } from './random.ts'

/** A fleet, its storage and its dependency. All times are milliseconds since the start. */
export interface SimulationOptions {
  /** The same seed gives the same report. Default 1. */
  readonly seed?: number | undefined
  /** How long calls come in. */
  readonly durationMs: number
  readonly fleet: readonly FleetGroup[]
  /** What the dependency does, by time; the first phase begins at 0. */
  readonly dependency: readonly Phase[]
  /** How each isolate's breaker is made. */
  readonly breaker: BreakerOptions
  readonly storage?: SimulatedStorageOptions | undefined
}

export type BreakerOptions = Omit<
  CircuitProtectorOptions,
  'storage' | 'runtime' | 'background' | 'resourceKey' | 'namespace'
>

export interface FleetGroup {
  /** Default: its place in the list. */
  readonly name?: string | undefined
  /** How many live at once. */
  readonly isolates: number
  /** Of each isolate. */
  readonly callsPerSecond: number
  /** `'regular'`: at even intervals. Default `'random'`: independently of each other. */
  readonly arrivals?: 'random' | 'regular' | undefined
  /** After so many calls an isolate ends, and a new one takes its place. Default: never. */
  readonly callsPerLife?: number | undefined
}

export interface Phase {
  readonly name: string
  /** A whole second. */
  readonly fromMs: number
  /** The share of calls that fail; 1: dead. */
  readonly failures: number
  /** How long a call takes. Default: 50 ms on average, 10 ms at least. */
  readonly latency?: Spread | undefined
}

export interface SimulatedStorageOptions {
  /** There and back again. Default: 30 ms on average, 10 ms at least. */
  readonly latency?: Spread | undefined
  /** How long a write holds the row, so that others wait: 1 over it is the most writes a second. Default 0.7. */
  readonly writeMs?: number | undefined
  /** The share of operations that never reach the storage, and never answer. */
  readonly timeouts?: number | undefined
  /** The share of operations that are done, and whose answer is lost. */
  readonly lostAnswers?: number | undefined
  /** While the storage refuses everything. */
  readonly outages?: readonly { readonly fromMs: number; readonly untilMs: number }[] | undefined
  /** At this time the rows become what they were so long before, as after a restore or a failover. */
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
