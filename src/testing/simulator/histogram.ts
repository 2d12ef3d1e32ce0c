import type { Durations } from './report.ts'

/** Durations, by whole milliseconds. */
export class Histogram {
  readonly #counts: number[] = []
  #total = 0

  add(ms: number): void {
    const whole = Math.round(ms)
    this.#counts[whole] = (this.#counts[whole] ?? 0) + 1
    this.#total++
  }

  report(): Durations {
    return {
      medianMs: this.#below(0.5),
      p99Ms: this.#below(0.99),
      worstMs: Math.max(0, this.#counts.length - 1),
    }
  }

  /** The least duration that this share of them does not exceed. */
  #below(share: number): number {
    let seen = 0
    const at = this.#counts.findIndex((count) => {
      seen += count ?? 0
      return seen > 0 && seen >= share * this.#total
    })
    return Math.max(0, at)
  }
}
