import { Histogram } from './histogram.ts'
import type { Phase } from './options.ts'
import { PhaseCursor } from './phase-cursor.ts'
import type { PhaseReport, RowLoad } from './report.ts'

const busiest = (perSecond: readonly number[]): number => Math.max(0, ...perSecond)
const average = (perSecond: readonly number[]): number =>
  Math.round(perSecond.reduce((sum, n) => sum + n, 0) / Math.max(1, perSecond.length))

interface PhaseTally {
  calls: number
  reached: number
  probes: number
  rejected: number
  wronglyRejected: number
  reads: number
  reports: number
  asks: number
  writes: number
  readonly answers: Histogram
}

const statementsOf = ({ reads, reports, asks }: PhaseTally): number => reads + reports + asks

/** What the dependency does, by time, and what was counted in each phase. */
export class Phases {
  readonly #phases: readonly Phase[]
  readonly #tallies: PhaseTally[]
  readonly #durationMs: number
  readonly statements: number[]
  readonly writes: number[]
  readonly #cursor: PhaseCursor
  #current = 0

  constructor(phases: readonly Phase[], durationMs: number) {
    this.#phases = phases
    this.#cursor = new PhaseCursor(phases)
    this.#durationMs = durationMs
    this.#tallies = phases.map(() => ({
      calls: 0,
      reached: 0,
      probes: 0,
      rejected: 0,
      wronglyRejected: 0,
      reads: 0,
      reports: 0,
      asks: 0,
      writes: 0,
      answers: new Histogram(),
    }))
    const seconds = Math.ceil(durationMs / 1_000)
    this.statements = Array<number>(seconds).fill(0)
    this.writes = Array<number>(seconds).fill(0)
  }

  /** The phase at this time, which never goes back. */
  at(ms: number): Phase {
    this.#current = this.#cursor.indexAt(ms)
    return this.#phases[this.#current]!
  }

  /** What is being counted now. */
  get tally(): PhaseTally {
    return this.#tallies[this.#current]!
  }

  /** Of all phases. */
  statementsPer1000Calls(): number {
    const all = (of: (tally: PhaseTally) => number) =>
      this.#tallies.reduce((sum, tally) => sum + of(tally), 0)
    return (
      (1_000 * all(statementsOf)) /
      Math.max(
        1,
        all(({ calls }) => calls),
      )
    )
  }

  reports(): PhaseReport[] {
    return this.#phases.map(({ name, fromMs }, i) => {
      const from = fromMs / 1_000
      const until = (this.#phases[i + 1]?.fromMs ?? this.#durationMs) / 1_000
      const { answers, ...tally } = this.#tallies[i]!
      const half = Math.floor((from + until) / 2)
      const load = (since: number, of: (perSecond: readonly number[]) => number): RowLoad => ({
        statements: of(this.statements.slice(since, until)),
        writes: of(this.writes.slice(since, until)),
      })
      return {
        name,
        seconds: Math.max(0, until - from),
        ...tally,
        statementsPer1000Calls:
          (1_000 * statementsOf(this.#tallies[i]!)) / Math.max(1, tally.calls),
        peak: load(from, busiest),
        steadyPeak: load(half, busiest),
        steady: load(half, average),
        storage: answers.report(),
      }
    })
  }
}
