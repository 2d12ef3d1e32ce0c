import type { Runtime } from '../breaker/runtime.ts'

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/** What an operation changes for those that depend on it; undefined: nothing. */
export type Change = 'degraded' | 'degraded again' | 'resumed' | 'recovered' | undefined

/**
 * Does the storage answer? After a failure it is left alone for a pause that doubles with each further one. A storage that failed to
 * write may still read: it has recovered only once it writes again.
 */
export class Health {
  readonly #runtime: Runtime
  #failures = 0
  #pauseStart = 0
  #pauseMs = 0
  /** Did an operation fail that writes, since the last one that wrote? */
  #failsToWrite = false
  /** It was read since: it is used as if it were well, until a write shows whether it is. */
  #resumed = false

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get degraded(): boolean {
    return this.#failures > 0 && !this.#resumed
  }

  /** Would a write tell whether the storage is well again? */
  get needsWrite(): boolean {
    return this.#resumed
  }

  /** May the storage be asked now? A clock that stepped back ends a pause. */
  mayAsk(now: number): boolean {
    const elapsed = now - this.#pauseStart
    return this.#failures === 0 || elapsed < 0 || elapsed >= this.#pauseMs
  }

  /** What fails within a pause began before it, and says nothing new. `writes`: the operation was one that writes. */
  failed(now: number, writes = false): Change {
    if (writes) this.#failsToWrite = true
    if (!this.mayAsk(now)) return undefined
    const change = this.#failures === 0 ? 'degraded' : this.#resumed ? 'degraded again' : undefined
    this.#pauseStart = now
    this.#pauseMs =
      Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures) *
      (0.8 + 0.4 * this.#runtime.random())
    this.#failures++
    this.#resumed = false
    return change
  }

  /** `wrote`: the storage has written. */
  answered(wrote = true): Change {
    if (this.#failures === 0 || (this.#resumed && !wrote)) return undefined
    if (this.#failsToWrite && !wrote) {
      this.#resumed = true
      return 'resumed'
    }
    this.#failures = 0
    this.#failsToWrite = false
    this.#resumed = false
    return 'recovered'
  }
}
