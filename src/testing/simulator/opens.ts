import type { OpensReport } from './report.ts'

/** Whose breaker. */
export type Who = 'fleet' | 'oracle'

/** Counts how often the fleet's breaker opens, and the oracle's, and when. */
export class Opens {
  /** Instants, in milliseconds since the start. */
  readonly #at: Record<Who, number[]> = { fleet: [], oracle: [] }
  readonly #false: Record<Who, number> = { fleet: 0, oracle: 0 }
  /** The deaths that each noticed. */
  readonly #noticed: Record<Who, Set<number>> = { fleet: new Set(), oracle: new Set() }
  #deaths = 0

  /** The dependency died as a whole. */
  died(): void {
    this.#deaths++
  }

  /** A breaker opened that was closed. `dead`: did every call fail then? */
  opened(who: Who, ms: number, dead: boolean): void {
    this.#at[who].push(ms)
    if (dead) this.#noticed[who].add(this.#deaths)
    else this.#false[who]++
  }

  report(): OpensReport {
    const { fleet, oracle } = this.#at
    const [ours, best] = [fleet[0], oracle[0]]
    return {
      fleet: fleet.length,
      oracle: oracle.length,
      falseFleet: this.#false.fleet,
      falseOracle: this.#false.oracle,
      missed: [...this.#noticed.oracle].filter((death) => !this.#noticed.fleet.has(death)).length,
      fleetAt: fleet,
      oracleAt: oracle,
      firstDelayMs: ours === undefined || best === undefined ? null : ours - best,
    }
  }
}
