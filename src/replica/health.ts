import type { Runtime } from './runtime.ts'

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
  /** A read was answered since the last failure. */
  #reads = false
  /** There was nothing to write when it was: the storage is used as if it were well, until a write shows whether it is. */
  #resumed = false

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get degraded(): boolean {
    return this.#failures > 0 && !this.#resumed
  }

  /** Should the next exchange only read? So begins a recovery. */
  get readsOnly(): boolean {
    return this.degraded && !this.#reads
  }

  /** Would a write tell whether the storage is well again? */
  get needsWrite(): boolean {
    return this.#failures > 0 && this.#reads
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
    this.#reads = false
    this.#resumed = false
    return change
  }

  /** `wrote`: the storage has written. `pending`: there is something that a write could be tried with. */
  answered(wrote = true, pending = false): Change {
    if (this.#failures === 0) return undefined
    if (this.#failsToWrite && !wrote) {
      const resumes = !pending && !this.#resumed
      this.#reads = true
      if (resumes) this.#resumed = true
      return resumes ? 'resumed' : undefined
    }
    this.#failures = 0
    this.#failsToWrite = false
    this.#reads = false
    this.#resumed = false
    return 'recovered'
  }
}
