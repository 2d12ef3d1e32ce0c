import type { VirtualTime } from '../../src/testing/simulator/virtual-time.ts'

/** The calls that one contender lets through. */
export class Flow {
  readonly #time: VirtualTime
  #probes = 0
  probesAtOnce = 0
  reachedDead = 0
  probesDead = 0
  falseOpens = 0
  /** While the dependency was not dead. */
  rejectedAlive = 0

  constructor(time: VirtualTime) {
    this.#time = time
  }

  reached(probe: boolean, dead: boolean, tookMs: number): void {
    if (dead) this.reachedDead++
    if (!probe) return
    if (dead) this.probesDead++
    this.#probes++
    this.probesAtOnce = Math.max(this.probesAtOnce, this.#probes)
    this.#time.schedule(tookMs, () => {
      this.#probes--
    })
  }
}
