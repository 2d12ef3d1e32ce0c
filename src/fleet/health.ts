import type { Runtime } from '../breaker/runtime.ts'

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/** What an operation changes for those that depend on it; undefined: nothing. */
export type Change = 'degraded' | 'degraded again' | 'resumed' | 'recovered' | undefined

/**
 * Does the storage answer? After a failure it is left alone for a pause, which doubles with each further failure in a row. Reads and
 * writes have a row each: a storage that reads and does not write is left alone for longer and longer, and one that loses an
 * operation now and then is not. A storage that failed to write has recovered only once it writes again.
 */
export class Health {
  readonly #runtime: Runtime
  /** An operation failed, and the storage has not recovered. */
  #failing = false
  /** Failures in a row, without any answer between them. */
  #unanswered = 0
  /** Failures in a row of operations that write, without one between them that was answered. */
  #unwritten = 0
  /** Did an operation fail that writes, since the last one that wrote? */
  #failsToWrite = false
  #pauseStart = 0
  #pauseMs = 0
  /** It was read since: it is used as if it were well, until a write shows whether it is. */
  #resumed = false

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get degraded(): boolean {
    return this.#failing && !this.#resumed
  }

  /** Would a write tell whether the storage is well again? */
  get needsWrite(): boolean {
    return this.#resumed
  }

  /** May the storage be asked now? A clock that stepped back ends a pause. */
  mayAsk(now: number): boolean {
    const elapsed = now - this.#pauseStart
    return !this.#failing || elapsed < 0 || elapsed >= this.#pauseMs
  }

  /** What fails within a pause began before it, and says nothing new. `writes`: the operation was one that writes. */
  failed(now: number, writes = false): Change {
    if (writes) this.#failsToWrite = true
    if (!this.mayAsk(now)) return undefined
    const change = !this.#failing ? 'degraded' : this.#resumed ? 'degraded again' : undefined
    this.#unanswered++
    if (writes) this.#unwritten++
    const inRow = writes ? Math.max(this.#unwritten, this.#unanswered) : this.#unanswered
    this.#pauseStart = now
    this.#pauseMs =
      Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (inRow - 1)) *
      (0.8 + 0.4 * this.#runtime.random())
    this.#failing = true
    this.#resumed = false
    return change
  }

  /** `wrote`: the storage has written. `reported`: it took a report, and said what became of it. */
  answered(wrote = true, reported = wrote): Change {
    this.#unanswered = 0
    if (reported) this.#unwritten = 0
    if (!this.#failing || (this.#resumed && !wrote)) return undefined
    // A report that finds nothing to write does not show that the storage could.
    if (this.#failsToWrite && !wrote) {
      this.#resumed = true
      return 'resumed'
    }
    this.#failing = false
    this.#failsToWrite = false
    this.#resumed = false
    return 'recovered'
  }
}
