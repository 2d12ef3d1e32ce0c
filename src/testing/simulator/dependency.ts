import type { FleetGroup, Phase } from './options.ts'
import { PhaseCursor } from './phase-cursor.ts'

/**
 * What each group of a fleet calls, by time: a dependency of its own, or the one that all others
 * share.
 */
export class Dependency {
  readonly #groups: readonly PhaseCursor[]
  readonly #lists: readonly (readonly Phase[])[]

  constructor(fleet: readonly FleetGroup[], shared: readonly Phase[]) {
    this.#lists = fleet.map(({ dependency }) => dependency ?? shared)
    this.#groups = this.#lists.map((phases) => new PhaseCursor(phases))
  }

  /** What a group's calls meet at this time, which never goes back. */
  of(group: number, ms: number): Phase {
    return this.#groups[group]!.at(ms)
  }

  /** Does every call of every group fail? */
  isDead(ms: number): boolean {
    return this.#groups.every((phases) => phases.at(ms).failures === 1)
  }

  /** When something changes for one group or for more, in order. */
  get changesAt(): readonly number[] {
    const times = this.#lists.flat().map(({ fromMs }) => fromMs)
    return [...new Set(times)].sort((a, b) => a - b)
  }
}
