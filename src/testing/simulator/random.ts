/**
 * How long something takes, in milliseconds: never less than `min`, `mean` on average, with an
 * exponential tail up to ten means.
 */
export interface Spread {
  readonly min: number
  readonly mean: number
}

/** A seeded generator (mulberry32): the same seed gives the same run on every machine. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to 1. */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }

  /** The time to the next of events that come independently of each other, `mean` apart. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }

  spread({ min, mean }: Spread): number {
    return Math.min(min + this.exponential(mean - min), 10 * mean)
  }
}
