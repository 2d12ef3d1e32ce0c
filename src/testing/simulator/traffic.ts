import type { FleetGroup, Phase } from './options.ts'
import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What takes a fleet's calls. */
export interface Callee<Isolate> {
  /** An isolate of this group begins. */
  begin(group: number): Isolate
  /** The phase that the dependency of this group is in. */
  phase(group: number): Phase
  /** A call comes in that would take so long, and end so. */
  call(isolate: Isolate, fails: boolean, durationMs: number): void
}

/** The calls that come to a fleet. The same seed gives the same calls, whatever takes them. */
export class Traffic<Isolate> {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #callee: Callee<Isolate>
  #ended = false

  constructor(time: VirtualTime, random: Random, callee: Callee<Isolate>) {
    this.#time = time
    this.#random = random
    this.#callee = callee
  }

  begin(fleet: readonly FleetGroup[]): void {
    fleet.forEach((group, i) => {
      for (let slot = 0; slot < group.isolates; slot++) this.#arrivals(group, i)
    })
  }

  end(): void {
    this.#ended = true
  }

  /** The calls of one isolate, and of those that take its place. */
  #arrivals(group: FleetGroup, index: number): void {
    const { callsPerSecond, callsPerLife = Number.POSITIVE_INFINITY, arrivals = 'random' } = group
    const every = 1_000 / callsPerSecond
    let isolate: Isolate | null = null
    let lived = 0
    const next = () => (arrivals === 'random' ? this.#random.exponential(every) : every)
    // Not rounded to the clock's milliseconds: that would slow the fleet down.
    let due = this.#time.now() + (arrivals === 'random' ? next() : this.#random.next() * every)
    const arrive = () => {
      if (this.#ended) return
      if (isolate === null || lived === callsPerLife) {
        isolate = this.#callee.begin(index)
        lived = 0
      }
      lived++
      due += next()
      this.#time.schedule(due - this.#time.now(), arrive)
      this.#call(isolate, index)
    }
    this.#time.schedule(due - this.#time.now(), arrive)
  }

  #call(isolate: Isolate, group: number): void {
    const { failures, latency = { min: 10, mean: 50 } } = this.#callee.phase(group)
    const fails = this.#random.next() < failures
    this.#callee.call(isolate, fails, Math.ceil(this.#random.spread(latency)))
  }
}
