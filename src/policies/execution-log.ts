import { failuresIn } from '../core/log.ts'

/** The newest outcomes that a breaker judges by, oldest first: `true` is a success. A picture of one moment; it does not change. */
export class ExecutionLog implements Iterable<boolean> {
  /** The length of the window: how many outcomes it can hold. */
  readonly size: number
  readonly #bits: string

  constructor(log: string, size: number) {
    this.#bits = log.slice(-size)
    this.size = size
  }

  /** How many outcomes it holds. */
  get length(): number {
    return this.#bits.length
  }

  get isFull(): boolean {
    return this.length >= this.size
  }

  get failureCount(): number {
    return failuresIn(this.#bits)
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
    for (const bit of this.#bits) yield bit === '0'
  }
}
