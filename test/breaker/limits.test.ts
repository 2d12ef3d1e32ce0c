import { describe, expect, it } from 'vitest'
import { CircuitProtectorPolicy, ExponentialDelay, failureRate, fraction } from '../../src/index.ts'

describe('the limits of a breaker', () => {
  it('can be read, as they were given', () => {
    const breaker = new CircuitProtectorPolicy({
      failureLimit: fraction(5, 10),
      successLimit: fraction(3, 5),
      cooldown: '60s',
    })
    expect(breaker.failureLimit).toEqual(fraction(5, 10))
    expect(breaker.successLimit).toEqual(fraction(3, 5))
    expect(breaker.cooldown).toBe(60_000)
  })

  it('can be read where they are the defaults', () => {
    const { failureLimit, successLimit, cooldown } = new CircuitProtectorPolicy()
    expect({ failureLimit, successLimit, cooldown }).toEqual({
      failureLimit: fraction(1, 1),
      successLimit: fraction(1, 1),
      cooldown: 30_000,
    })
    const derived = new CircuitProtectorPolicy({ failureLimit: fraction(3, 10) })
    expect(derived.successLimit).toEqual(fraction(8, 10))
  })

  it('can be read of a rate, and of a cooldown that grows', () => {
    const rate = failureRate(0.5, { over: '30s', minimumThroughput: 20 })
    const breaker = new CircuitProtectorPolicy({
      failureLimit: rate,
      cooldown: new ExponentialDelay({ minDelay: '10s', maxDelay: '5m' }),
    })
    expect(breaker.failureLimit).toEqual(rate)
    expect(breaker.cooldown).toBe(10_000)
  })
})
