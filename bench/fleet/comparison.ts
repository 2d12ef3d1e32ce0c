import type { PhaseReport } from '../../src/testing/simulator/index.ts'
import type { Table } from '../support/result.ts'
import { type Measured, type Run, spread } from './sizes.ts'

const isDead = ({ name }: PhaseReport): boolean => name === 'dead'
/** The phase in which the dependency is dead. */
export const whileDead = (phases: readonly PhaseReport[]): PhaseReport => phases.find(isDead)!
const rejectedAlive = (phases: readonly PhaseReport[]): number =>
  phases.reduce((sum, phase) => (isDead(phase) ? sum : sum + phase.rejected), 0)

/** How a fleet with one breaker stops. */
export function stopTable(measured: readonly Measured[]): Table {
  return {
    title:
      'How a fleet with one breaker stops when its dependency dies: ms after the call that reaches the limit, median of the runs (low to high)',
    columns: [
      'calls/s each',
      'isolates',
      'the row opens',
      'isolates stop: median',
      '99 of 100',
      'last',
      'calls past the promised time',
      'runs',
    ],
    rows: measured.map(({ isolates, callsPerSecond, runs }) => {
      const stopped = runs.filter(({ shared }) => shared.stop !== null)
      const of = (value: (stop: NonNullable<Run['shared']['stop']>) => number) =>
        stopped.length === 0 ? 'never' : spread(stopped, ({ shared }) => value(shared.stop!))
      return [
        callsPerSecond,
        isolates,
        of(({ openedAt, limitAt }) => openedAt - limitAt),
        of(({ medianMs }) => medianMs),
        of(({ p99Ms }) => p99Ms),
        of(({ worstMs }) => worstMs),
        of(({ late }) => late),
        runs.length,
      ]
    }),
  }
}

interface Damage {
  readonly reached: (run: Run) => number
  readonly probes: (run: Run) => number
  readonly probesAtOnce: (run: Run) => number
  readonly lastMs: (run: Run) => number
  readonly falseOpens: (run: Run) => number
  readonly missed: (run: Run) => number
  readonly rejectedAlive: (run: Run) => number
}

const contenders: Readonly<Record<string, Damage>> = {
  ours: {
    reached: ({ shared }) => whileDead(shared.phases).reached,
    probes: ({ shared }) => whileDead(shared.phases).probes,
    probesAtOnce: ({ shared }) => shared.probesAtOnce,
    lastMs: ({ shared }) => shared.stop?.worstMs ?? Number.POSITIVE_INFINITY,
    falseOpens: ({ shared }) => shared.opens.falseFleet,
    missed: ({ shared }) => shared.opens.missed,
    rejectedAlive: ({ shared }) => rejectedAlive(shared.phases),
  },
  'in-process': {
    reached: ({ inProcess }) => whileDead(inProcess.phases).reached,
    probes: ({ inProcess }) => whileDead(inProcess.phases).probes,
    probesAtOnce: ({ inProcess }) => inProcess.probesAtOnce,
    lastMs: ({ inProcess }) => inProcess.stop?.worstMs ?? Number.POSITIVE_INFINITY,
    falseOpens: ({ inProcess }) => inProcess.falseOpens,
    missed: ({ inProcess }) => inProcess.missed,
    rejectedAlive: ({ inProcess }) => rejectedAlive(inProcess.phases),
  },
  oracle: {
    reached: ({ inProcess }) => inProcess.oracle.reached,
    probes: ({ inProcess }) => inProcess.oracle.probes,
    probesAtOnce: ({ inProcess }) => inProcess.oracle.probesAtOnce,
    lastMs: () => 0,
    falseOpens: ({ inProcess }) => inProcess.oracle.falseOpens,
    missed: () => 0,
    rejectedAlive: ({ inProcess }) => inProcess.oracle.rejectedAlive,
  },
}

/** The same calls through one breaker for all, one for each isolate, and one that sees all of them at once. */
export function damageTable(title: string, measured: readonly Measured[]): Table {
  return {
    title: `${title}: numbers of calls, median of the runs (low to high)`,
    columns: [
      'calls/s each',
      'isolates',
      'breaker',
      'calls while dead',
      'of these reached it',
      'of these probes',
      'probes out at once',
      'last isolate stops, ms',
      'false opens',
      'missed opens',
      'rejected while not dead',
    ],
    rows: measured.flatMap(({ isolates, callsPerSecond, runs }) =>
      Object.entries(contenders).map(([name, damage]) => {
        const never = runs.some((run) => damage.lastMs(run) === Number.POSITIVE_INFINITY)
        const goesOn = name === 'in-process' && runs.some(({ inProcess }) => inProcess.missed > 0)
        const last = never ? 'never' : spread(runs, damage.lastMs)
        return [
          callsPerSecond,
          isolates,
          name,
          spread(runs, ({ shared }) => whileDead(shared.phases).calls),
          spread(runs, damage.reached),
          spread(runs, damage.probes),
          spread(runs, damage.probesAtOnce),
          goesOn ? `not yet: ${last.toLocaleString('en')}` : last,
          spread(runs, damage.falseOpens),
          spread(runs, damage.missed),
          spread(runs, damage.rejectedAlive),
        ]
      }),
    ),
  }
}
