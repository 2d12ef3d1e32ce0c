import type { Settings } from '../core/settings.ts'
import type { BreakerState, Buckets } from '../core/state.ts'

/**
 * The newest outcomes that a breaker judges by, oldest first: `true` is a success. A picture of one
 * moment; it does not change. A closed breaker with a time window only knows how many there were in
 * each tenth of it: there the successes come first.
 */
export class ExecutionLog implements Iterable<boolean> {
  /**
   * How many outcomes the window can hold; of a time window: from how many on the breaker judges.
   */
  readonly size: number
  /** How many outcomes it holds. */
  readonly length: number
  readonly failureCount: number
  /** Runs of successes and of failures, in turn. */
  readonly #runs: readonly (readonly [successes: number, failures: number])[]

  constructor(log: string | Buckets, size: number) {
    this.size = size
    this.#runs =
      typeof log === 'string'
        ? Array.from(log, (bit) => (bit === '0' ? ([1, 0] as const) : ([0, 1] as const)))
        : log.successes.map((successes, i) => [successes, log.failures[i]!] as const)
    const sum = (of: 0 | 1) => this.#runs.reduce((before, run) => before + run[of], 0)
    this.failureCount = sum(1)
    this.length = sum(0) + this.failureCount
  }

  get isFull(): boolean {
    return this.length >= this.size
  }

  get successCount(): number {
    return this.length - this.failureCount
  }

  /** From 0 to 1; 0 where the log is empty. */
  get failureRate(): number {
    return this.length === 0 ? 0 : this.failureCount / this.length
  }

  /** From 0 to 1; 0 where the log is empty. */
  get successRate(): number {
    return this.length === 0 ? 0 : this.successCount / this.length
  }

  *[Symbol.iterator](): Generator<boolean, void, undefined> {
    for (const [successes, failures] of this.#runs) {
      for (let i = 0; i < successes; i++) yield true
      for (let i = 0; i < failures; i++) yield false
    }
  }
}

/** What a breaker in this state judges by. */
export function executionLogOf(state: BreakerState, { trip, probes }: Settings): ExecutionLog {
  const { status, log } = state
  if (status === 'HALF_OPEN') return new ExecutionLog(log.slice(-probes), probes)
  if ('outOf' in trip) return new ExecutionLog(log.slice(-trip.outOf), trip.outOf)
  // The row's log has outcomes of any age: those that opened the breaker begin with the first
  // failure that counted.
  if (status === 'OPEN')
    return new ExecutionLog(sinceFailures(log, state.failureCount), trip.minimum)
  return new ExecutionLog(state.buckets ?? '', trip.minimum)
}

/** The end of a log, from the first of its newest failures on. */
function sinceFailures(log: string, failures: number): string {
  let from = log.length
  for (let left = failures; left > 0 && from > 0; left--) from = log.lastIndexOf('1', from - 1)
  return log.slice(Math.max(0, from))
}
