import type { SimulationReport } from '../../src/testing/simulator/index.ts'
import { median } from '../support/turns.ts'

/** A cell's columns. */
export type Figures = {
  readonly 'opens: fleet': string
  readonly 'opens: oracle': string
  readonly 'ms from the first open of the oracle to that of the fleet': string
  readonly 'rejected alone, % of calls': string
  readonly 'let through alone, % of calls': string
  readonly 'reached a dead dependency': string
  readonly 'the same by the oracle': string
  readonly 'statements per 1,000 calls': string
  readonly 'busiest second: writes': string
}

/** What the runs of one cell came to. */
export function figuresOf(reports: readonly SimulationReport[]): Figures {
  const each = (of: (report: SimulationReport) => number) => reports.map(of).join(', ')
  const typical = (of: (report: SimulationReport) => number | null, digits = 0) =>
    spread(
      reports.map(of).filter((value) => value !== null),
      digits,
    )
  const share = (of: (report: SimulationReport) => number) =>
    typical((report) => (100 * of(report)) / report.calls, 2)
  return {
    'opens: fleet': each(({ opens }) => opens.fleet),
    'opens: oracle': each(({ opens }) => opens.oracle),
    'ms from the first open of the oracle to that of the fleet': typical(
      ({ opens }) => opens.firstDelayMs,
    ),
    'rejected alone, % of calls': share(({ total }) => total.rejectedAlone),
    'let through alone, % of calls': share(({ total }) => total.reachedAlone),
    'reached a dead dependency': typical(({ total }) => total.reachedDead),
    'the same by the oracle': typical(({ total }) => total.oracleReachedDead),
    'statements per 1,000 calls': typical((report) => report.statementsPer1000Calls, 1),
    'busiest second: writes': typical(({ perSecond }) => Math.max(...perSecond.writes)),
  }
}

function spread(values: readonly number[], digits: number): string {
  if (values.length === 0) return '–'
  const shown = (value: number) => value.toFixed(digits)
  const [middle, low, high] = [median(values), Math.min(...values), Math.max(...values)].map(shown)
  return low === high ? low! : `${middle} (${low} to ${high})`
}
