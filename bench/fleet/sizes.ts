import type { PhaseReport, SimulationOptions } from '../../src/testing/simulator/index.ts'
import type { Table } from '../support/result.ts'
import { median } from '../support/turns.ts'
import { type Course, living } from './growing.ts'
import type { Simulate } from './laboratory.ts'
import type { Reports } from './worker.ts'

/** Fleets of these sizes, whose isolates call so often: a curve. */
export interface Curve {
  readonly callsPerSecond: number
  readonly sizes: readonly number[]
}

/** The same calls through one breaker, and through one for each isolate. */
export interface Run {
  readonly shared: Reports['shared']
  readonly inProcess: Reports['in-process']
}

/** What one fleet came to: a run for each seed. */
export interface Measured {
  readonly isolates: number
  readonly callsPerSecond: number
  readonly runs: readonly Run[]
}

/** A small fleet is at the mercy of chance: it runs several times. */
const SMALL = 1_000

export async function measure(
  simulate: Simulate,
  curves: readonly Curve[],
  course: Course,
  seeds: number,
  life: { readonly callsPerLife?: number } = {},
): Promise<readonly Measured[]> {
  const measured: Measured[] = []
  for (const { callsPerSecond, sizes } of curves) {
    for (const isolates of sizes) {
      const options = living({ isolates, callsPerSecond, ...life }, course)
      const runs: Run[] = []
      for (let seed = 1; seed <= (isolates <= SMALL ? seeds : 1); seed++)
        runs.push(await both(simulate, { ...options, seed }))
      measured.push({ isolates, callsPerSecond, runs })
    }
  }
  return measured
}

async function both(simulate: Simulate, options: SimulationOptions): Promise<Run> {
  return {
    shared: await simulate('shared', options),
    inProcess: await simulate('in-process', options),
  }
}

/** The median of the runs. */
export function typical(runs: readonly Run[], of: (run: Run) => number): number {
  return median(runs.map(of))
}

/** The median of the runs and, where they differ, the least and the greatest. */
export function spread(runs: readonly Run[], of: (run: Run) => number): string | number {
  const values = runs.map(of)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  return low === high ? low : `${shown(median(values))} (${shown(low)} to ${shown(high)})`
}

const shown = (value: number): string => Math.round(value).toLocaleString('en')

export function statements({ reads, reports, asks }: PhaseReport): number {
  return reads + reports + asks
}

/** What the storage sees of a fleet, phase by phase. */
export function loadTable(
  title: string,
  measured: readonly Measured[],
  { healthy, failing, dead, back }: Course,
): Table {
  return {
    title: `${title}: statements, and writes to the one row, for each second of virtual time, medians of the runs (the phases last ${healthy}, ${failing}, ${dead} and ${back} s)`,
    columns: [
      'calls/s each',
      'isolates',
      'phase',
      'calls/s',
      'statements/s',
      'writes/s',
      'statements per 1,000 calls',
      'runs',
    ],
    rows: measured.flatMap(({ isolates, callsPerSecond, runs }) =>
      runs[0]!.shared.phases.map(({ name, seconds }, i) => {
        const of = (value: (phase: PhaseReport) => number) =>
          typical(runs, ({ shared }) => value(shared.phases[i]!))
        return [
          callsPerSecond,
          isolates,
          name,
          Math.round(of(({ calls }) => calls) / seconds),
          of(statements) / seconds,
          of(({ writes }) => writes) / seconds,
          of(({ statementsPer1000Calls }) => statementsPer1000Calls),
          runs.length,
        ]
      }),
    ),
  }
}
