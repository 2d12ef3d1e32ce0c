import type { PhaseReport, SimulationReport } from '../../src/testing/simulator/index.ts'

const columns: Readonly<Record<string, (phase: PhaseReport) => number | string>> = {
  phase: ({ name, seconds }) => `${name}, ${seconds} s`,
  calls: ({ calls }) => calls,
  reached: ({ reached }) => reached,
  probes: ({ probes }) => probes,
  rejected: ({ rejected }) => rejected,
  wrongly: ({ wronglyRejected }) => wronglyRejected,
  reads: ({ reads }) => reads,
  reports: ({ reports }) => reports,
  asks: ({ asks }) => asks,
  'per 1,000': ({ statementsPer1000Calls }) => statementsPer1000Calls.toFixed(2),
  'statements/s: peak': ({ peak }) => peak.statements,
  'steady peak': ({ steadyPeak }) => steadyPeak.statements,
  steady: ({ steady }) => steady.statements,
  'writes/s: peak': ({ peak }) => peak.writes,
  'steady peak ': ({ steadyPeak }) => steadyPeak.writes,
  'steady ': ({ steady }) => steady.writes,
}

/** Prints a report as a Markdown table and a few lines. */
export function print(
  name: string,
  report: SimulationReport,
  tookMs: number,
  seconds: boolean,
): void {
  const { opens, stop, outcomes, callers, total } = report
  const row = (cells: readonly (number | string)[]) => `| ${cells.join(' | ')} |`
  console.log(`\n## ${name}: ${report.calls} calls, in ${(tookMs / 1_000).toFixed(1)} s\n`)
  console.log(row(Object.keys(columns)))
  console.log(row(Object.keys(columns).map(() => '---')))
  for (const phase of report.phases)
    console.log(row(Object.values(columns).map((cell) => cell(phase))))
  console.log(
    `\nopens: fleet ${opens.fleet}, oracle ${opens.oracle}; false: ${opens.falseFleet}, oracle ${opens.falseOracle}; missed: ${opens.missed}`,
  )
  const delay = opens.firstDelayMs === null ? 'never both' : `${opens.firstDelayMs} ms`
  const share = ((100 * total.rejectedAlone) / Math.max(1, total.calls)).toFixed(2)
  console.log(
    `against the oracle: first open after ${delay}; rejected alone ${total.rejectedAlone} calls (${share} %), let through alone ${total.reachedAlone}; reached a dead dependency ${total.reachedDead}, oracle ${total.oracleReachedDead}; ${report.statementsPer1000Calls.toFixed(2)} statements per 1,000 calls`,
  )
  if (report.groups.length > 1) console.log(`groups: ${JSON.stringify(report.groups)}`)
  if (stop !== null) {
    console.log(
      `stop: row open ${stop.openedAt - stop.limitAt} ms after the limit; isolates after ${stop.medianMs} ms (median), ${stop.p99Ms} (p99), ${stop.worstMs} (last); late calls ${stop.late}; ${stop.reached} calls reached the dead dependency; unharmed ${JSON.stringify(stop.unharmed)}; writes of one isolate ${stop.writesOfOneIsolate}`,
    )
  }
  console.log(
    `outcomes: ${JSON.stringify(outcomes.happened)} counted ${JSON.stringify(outcomes.counted)} doubled ${outcomes.doubled} dropped ${JSON.stringify(outcomes.dropped)}`,
  )
  console.log(
    `probes at once ${report.probesAtOnce}; longest wait ${callers.longestWaitMs} ms; slowest storage ${report.slowestStorageMs} ms; surprises ${JSON.stringify(callers.surprises)}`,
  )
  if (seconds) {
    console.log(`statements by second: ${report.perSecond.statements.join(' ')}`)
    console.log(`writes by second: ${report.perSecond.writes.join(' ')}`)
  }
}
