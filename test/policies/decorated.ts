import {
  CircuitProtectorPolicy,
  fraction,
  protect,
  RetryWithBackoffPolicy,
  SafetyNet,
} from '../../src/index.ts'

export const breaker: CircuitProtectorPolicy = new CircuitProtectorPolicy({
  failureLimit: fraction(2, 2),
})
export const net: SafetyNet = new SafetyNet({
  policies: [new RetryWithBackoffPolicy({ maxRetries: 2 })],
})

/** As a user writes it; runtimes do not parse decorators yet, so that this file has to be compiled. */
export class Account {
  static made = 0
  readonly #rate: number
  attempts = 0

  constructor(rate: number) {
    this.#rate = rate
  }

  @protect(breaker)
  async charge(amount: number): Promise<number> {
    if (amount < 0) throw new Error('negative')
    return amount * this.#rate
  }

  @protect(net)
  async refund(reason: string): Promise<string> {
    if (++this.attempts < 3) throw new Error('busy')
    return `${reason} after ${this.attempts}`
  }

  @protect(net)
  static async make(): Promise<number> {
    return ++Account.made
  }
}
