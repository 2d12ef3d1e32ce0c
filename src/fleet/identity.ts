import { randomWord } from '../breaker/chance.ts'
import type { Runtime } from '../breaker/runtime.ts'

/** The name by which a row tells this isolate from others. Made within a call, for Workers have no random values outside of one. */
export class Identity {
  readonly #runtime: Runtime
  #id = 0

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  get id(): number {
    // 0 is the name of those who have none.
    this.#id ||= (this.#runtime.word?.() ?? randomWord()) | 0 || 1
    return this.#id
  }
}
