import {
  type PhaseReport,
  type SimulationOptions,
  simulate,
} from '../../src/testing/simulator/index.ts'
import { background, healthy } from '../fleet/scenarios.ts'
import type { Table } from '../support/result.ts'
import type { StatementTimes } from './statement-time.ts'

// Neon's documented default: a compute is suspended after five minutes without a statement.
const SUSPENDED_AFTER_S = 300
// 365 days of 24 hours, over 12.
const HOURS_PER_MONTH = 730
const CALLS = 1_000_000

/** What a million calls need, from statements that the simulator counts and the time that one of them takes. */
export async function costs(times: StatementTimes, quick: boolean): Promise<Table> {
  const scale = quick ? 0.1 : 1
  const small = healthy(0.02)
  const strong = { ...small, breaker: { ...small.breaker, consistency: 'strong' } } as const
  const fleets: Readonly<Record<string, SimulationOptions>> = {
    '100 isolates at 100 calls/s, healthy': healthy(scale),
    'the same, 1 % of calls fail': background(scale),
    // Costs the same at each call: a small fleet tells.
    'strong, healthy': strong,
  }
  const rows: (string | number)[][] = []
  const samples: Record<string, PhaseReport> = {}
  for (const [name, options] of Object.entries(fleets)) {
    const [phase] = (await simulate(options)).phases
    samples[name] = phase!
    const perCall = (statements: number) => (statements * CALLS) / phase!.calls
    // What asks while the breaker is closed is a read.
    const reads = perCall(phase!.reads + phase!.asks)
    const reports = perCall(phase!.reports)
    rows.push([name, reads + reports, reads, reports, reads * times.read + reports * times.report])
  }
  return {
    title:
      `Per million calls. A statement is one HTTP request, one of a Worker's sub-requests; database seconds are at most so many, with the ` +
      'times above. Bill = sub-requests x the price of one + database seconds x the price of one, as far as the compute would not run ' +
      'anyway (see below)',
    columns: [
      'fleet',
      'statements = sub-requests',
      'reads',
      'reports',
      'database seconds, at most',
    ],
    rows,
    samples,
  }
}

/** How often one isolate with steady traffic and no failures wakes the database, by its bound. */
export async function wakefulness(): Promise<Table> {
  const bounds = { '5s': 5, '1m': 60, '10m': 600, '1h': 3_600 } as const
  const rows: (string | number)[][] = []
  for (const [maxStaleness, seconds] of Object.entries(bounds)) {
    const durationMs = seconds * 20_000
    const { breaker, dependency } = healthy(1)
    const fleet = [{ isolates: 1, callsPerSecond: 1 }]
    const report = await simulate({
      durationMs,
      fleet,
      dependency,
      breaker: { ...breaker, consistency: { maxStaleness: `${seconds}s` } },
    })
    const gap = durationMs / 1_000 / report.phases[0]!.reads
    const awake = HOURS_PER_MONTH * Math.min(1, SUSPENDED_AFTER_S / gap)
    rows.push([maxStaleness, gap, gap < SUSPENDED_AFTER_S ? 'never' : 'between refreshes', awake])
  }
  return {
    title:
      `Hours a month of ${HOURS_PER_MONTH} that one isolate with steady traffic keeps a Neon compute awake that suspends after ` +
      `${SUSPENDED_AFTER_S / 60} min: hours x min(1, ${SUSPENDED_AFTER_S} s / seconds between refreshes). Isolates refresh each for itself`,
    columns: [
      'maxStaleness',
      'seconds between refreshes',
      'the compute suspends',
      'hours awake a month',
    ],
    rows,
  }
}
