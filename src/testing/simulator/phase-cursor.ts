import type { Phase } from './options.ts'

/** Walks phases in the order of time. */
export class PhaseCursor {
  readonly #phases: readonly Phase[]
  #index = 0

  /** @param phases - at least one, by time; the first begins at 0 */
  constructor(phases: readonly Phase[]) {
    this.#phases = phases
  }

  /** Which phase it is at this time, counted from 0. Time never goes back. */
  indexAt(ms: number): number {
    while (this.#index + 1 < this.#phases.length && this.#phases[this.#index + 1]!.fromMs <= ms)
      this.#index++
    return this.#index
  }

  at(ms: number): Phase {
    return this.#phases[this.indexAt(ms)]!
  }
}
