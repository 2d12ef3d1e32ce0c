import type { Runtime } from './runtime.ts'

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/** Does the storage answer? After a failure it is left alone for a pause that doubles with each further one. */
export class Health {
  readonly #runtime: Runtime
  #failures = 0
  #pauseStart = 0
  #pauseMs = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get degraded(): boolean {
    return this.#failures > 0
  }

  /** May the storage be asked now? A clock that stepped back ends a pause. */
  mayAsk(now: number): boolean {
    const elapsed = now - this.#pauseStart
    return this.#failures === 0 || elapsed < 0 || elapsed >= this.#pauseMs
  }

  /** True where this is the first failure after an answer. What fails within a pause began before it, and says nothing new. */
  failed(now: number): boolean {
    if (!this.mayAsk(now)) return false
    this.#pauseStart = now
    this.#pauseMs =
      Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures) *
      (0.8 + 0.4 * this.#runtime.random())
    this.#failures++
    return this.#failures === 1
  }

  /** True where this is the first answer after a failure. */
  answered(): boolean {
    const recovered = this.#failures > 0
    this.#failures = 0
    return recovered
  }
}
