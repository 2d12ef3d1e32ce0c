import type { PhaseReport } from '../../src/testing/simulator/index.ts'
import type { Table } from '../support/result.ts'
import { type Measured, type Run, spread } from './sizes.ts'

const isDead = ({ name }: PhaseReport): boolean => name === 'dead'
/** The phase in which the dependency is dead. */
export const whileDead = (phases: readonly PhaseReport[]): PhaseReport => phases.find(isDead)!

interface Damage {
  readonly reached: (run: Run) => number
  readonly probes: (run: Run) => number
  readonly lastMs: (run: Run) => number
  readonly falseOpens: (run: Run) => number
  readonly missed: (run: Run) => number
  /** Calls after the time at which an isolate has to have stopped; undefined where nothing promises one. */
  readonly late?: (run: Run) => number
}

const contenders: Readonly<Record<string, Damage>> = {
  ours: {
    reached: ({ shared }) => whileDead(shared.phases).reached,
    probes: ({ shared }) => whileDead(shared.phases).probes,
    lastMs: ({ shared }) => shared.stop?.worstMs ?? Number.POSITIVE_INFINITY,
    falseOpens: ({ shared }) => shared.opens.falseFleet,
    missed: ({ shared }) => shared.opens.missed,
    late: ({ shared }) => shared.stop?.late ?? 0,
  },
  'in-process': {
    reached: ({ inProcess }) => whileDead(inProcess.phases).reached,
    probes: ({ inProcess }) => whileDead(inProcess.phases).probes,
    lastMs: ({ inProcess }) => inProcess.lastMs ?? Number.POSITIVE_INFINITY,
    falseOpens: ({ inProcess }) => inProcess.falseOpens,
    missed: ({ inProcess }) => inProcess.missed,
  },
  oracle: {
    reached: ({ inProcess }) => inProcess.oracle.reached,
    probes: ({ inProcess }) => inProcess.oracle.probes,
    lastMs: () => 0,
    falseOpens: ({ inProcess }) => inProcess.oracle.falseOpens,
    missed: () => 0,
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
      'last isolate stops, ms',
      'false opens',
      'missed opens',
      'calls past the promised time',
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
          goesOn ? `not yet: ${last.toLocaleString('en')}` : last,
          spread(runs, damage.falseOpens),
          spread(runs, damage.missed),
          damage.late ? spread(runs, damage.late) : '',
        ]
      }),
    ),
  }
}
