import { CircuitProtectorPolicy } from '../../breaker/circuit-protector.ts'
import type { CircuitProtectorOptions } from '../../breaker/options.ts'

interface Happened {
  readonly generation: number
  successes: number
  failures: number
}

/** One isolate: a breaker of its own until its life ends, and what became of its calls. */
export class Isolate {
  readonly id: number
  readonly group: number
  #policy: CircuitProtectorPolicy | null
  /** How many calls of its life have not ended yet. */
  #left: number
  /**
   * Since the row opened: was a call let through that came in after that, and when did one first
   * fail.
   */
  harmed = false
  firstFailureAt: number = Number.POSITIVE_INFINITY
  /** When a call was last let through that was no probe, since the dependency died. */
  lastReachedAt: number = Number.NEGATIVE_INFINITY
  writesInTrip = 0
  readonly #happened: Happened[] = []

  /** @param calls - of its life */
  constructor(id: number, group: number, calls: number, options: CircuitProtectorOptions) {
    this.id = id
    this.group = group
    this.#left = calls
    this.#policy = new CircuitProtectorPolicy(options)
  }

  /** Null once its life has ended: what it has not sent by then is lost, and its memory is free. */
  get policy(): CircuitProtectorPolicy | null {
    return this.#policy
  }

  /** One of its calls is over, and so is what was done for it. */
  callDone(): void {
    if (--this.#left === 0) this.#policy = null
  }

  ended(generation: number, failed: boolean): void {
    let happened = this.#happened.at(-1)
    if (happened?.generation !== generation) happened = this.happened(generation)
    if (failed) happened.failures++
    else happened.successes++
  }

  /** What ended here of calls that this generation admitted. */
  happened(generation: number): Happened {
    const known = this.#happened.find((each) => each.generation === generation)
    if (known !== undefined) return known
    const none = { generation, successes: 0, failures: 0 }
    this.#happened.push(none)
    return none
  }

  total(): { successes: number; failures: number } {
    const total = { successes: 0, failures: 0 }
    for (const { successes, failures } of this.#happened) {
      total.successes += successes
      total.failures += failures
    }
    return total
  }
}
