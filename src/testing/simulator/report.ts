import type { Dropped } from '../../breaker/listener.ts'

/** What a simulation saw. Times are milliseconds since the start, unless they say otherwise. */
export interface SimulationReport {
  readonly calls: number
  /** By the phases of the fleet's `dependency`. */
  readonly phases: readonly PhaseReport[]
  /** Each group's calls, in the order of the fleet. */
  readonly groups: readonly GroupReport[]
  /** All groups together. */
  readonly total: CallsReport
  readonly statementsPer1000Calls: number
  readonly opens: OpensReport
  /**
   * How the fleet stopped when the dependency first died for all groups; null: it never did, or
   * nobody stopped.
   */
  readonly stop: StopReport | null
  /** The most probes that were at the dependency at one time. */
  readonly probesAtOnce: number
  readonly outcomes: OutcomesReport
  readonly callers: CallersReport
  readonly slowestStorageMs: number
  /** What the one row of the storage went through, second by second. */
  readonly perSecond: { readonly statements: readonly number[]; readonly writes: readonly number[] }
}

/** What became of calls, and what the oracle did with the same calls. */
export interface CallsReport {
  readonly calls: number
  /** Calls that the dependency saw, probes included. */
  readonly reached: number
  readonly probes: number
  readonly rejected: number
  /** Rejected by the fleet, and not by the oracle. */
  readonly rejectedAlone: number
  /** Let through by the fleet, and not by the oracle. */
  readonly reachedAlone: number
  /** Let through, probes included, to a dependency that was dead when they came in. */
  readonly reachedDead: number
  /** What `reachedDead` is where the oracle decides. */
  readonly oracleReachedDead: number
}

export interface GroupReport extends CallsReport {
  readonly name: string
}

export interface PhaseReport {
  readonly name: string
  readonly seconds: number
  readonly calls: number
  /** Calls that the dependency saw, probes included. */
  readonly reached: number
  readonly probes: number
  readonly rejected: number
  /** Rejected though the storage had been closed for longer than any isolate may be behind it. */
  readonly wronglyRejected: number
  /** Exchanges that only read. */
  readonly reads: number
  /** Exchanges with a report; not all of them write. */
  readonly reports: number
  /** Wishes to call. */
  readonly asks: number
  readonly writes: number
  readonly statementsPer1000Calls: number
  /**
   * The row's busiest second in this phase; and in its second half, when the fleet has settled,
   * with that half's average.
   */
  readonly peak: RowLoad
  readonly steadyPeak: RowLoad
  readonly steady: RowLoad
  /** How long the storage took for the operations that it answered in this phase. */
  readonly storage: Durations
}

export interface Durations {
  readonly medianMs: number
  readonly p99Ms: number
  readonly worstMs: number
}

/** A second. */
export interface RowLoad {
  readonly statements: number
  readonly writes: number
}

export interface OpensReport {
  /** How often the fleet's breaker opened that was closed, and the oracle's. */
  readonly fleet: number
  readonly oracle: number
  /** Of these, while a call of some group could still succeed. */
  readonly falseFleet: number
  readonly falseOracle: number
  /**
   * Deaths of the dependency, for all groups at once, that the oracle's breaker noticed and the
   * fleet's did not.
   */
  readonly missed: number
  /** When they opened. */
  readonly fleetAt: readonly number[]
  readonly oracleAt: readonly number[]
  /**
   * Milliseconds from the oracle's first opening to the fleet's first. Below 0: the fleet opened
   * before the oracle. Null: one of the two never opened.
   */
  readonly firstDelayMs: number | null
}

export interface StopReport {
  readonly diedAt: number
  /** When the limit was reached, as the oracle counts. */
  readonly limitAt: number
  /** When the fleet's row opened. */
  readonly openedAt: number
  /**
   * From `limitAt` to an isolate's last call that was no probe: the median, 99 of 100, and the last
   * of all.
   */
  readonly medianMs: number
  readonly p99Ms: number
  readonly worstMs: number
  /** Calls, no probes, that an isolate let through after it should have stopped. */
  readonly late: number
  /**
   * Isolates, by group, that let no call through of those that came in after the row had opened.
   */
  readonly unharmed: Readonly<Record<string, number>>
  /** Calls that reached the dead dependency in this phase, without the probes. */
  readonly reached: number
  /** The most writes of one isolate from death to `openedAt` and the staleness bound. */
  readonly writesOfOneIsolate: number
}

export interface OutcomesReport {
  readonly happened: { readonly successes: number; readonly failures: number }
  /** What the storage counted, by its rows as they stand at the end. */
  readonly counted: { readonly successes: number; readonly failures: number }
  /** Counted more often than they happened, by isolate and generation. Must be 0. */
  readonly doubled: number
  readonly dropped: Readonly<Record<Dropped['why'], number>>
}

export interface CallersReport {
  /** The longest that a call waited for its admission. */
  readonly longestWaitMs: number
  /** Errors that are neither the dependency's nor the breaker's rejection. Must be empty. */
  readonly surprises: readonly string[]
}
