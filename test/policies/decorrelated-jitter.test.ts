import { describe, expect, it } from 'vitest'
import {
  CircuitProtectorPolicy,
  DecorrelatedJitter,
  InvalidOptionError,
  RetryWithBackoffPolicy,
} from '../../src/index.ts'
import { Random } from '../support/random.ts'

const DELAYS = { minDelay: '100ms', maxDelay: '2s' } as const

describe('DecorrelatedJitter', () => {
  it('draws each delay from between the shortest and three times the one before, up to the longest', () => {
    const backoff = new DecorrelatedJitter(DELAYS)
    const longest: number[] = []
    for (let attempt = 1; attempt <= 5; attempt++)
      longest.push(backoff.forAttempt(attempt, () => 0, longest.at(-1)))
    expect(longest).toEqual([300, 900, 2_000, 2_000, 2_000])
    expect(backoff.forAttempt(3, () => 1, 900)).toBe(100)
    expect(backoff.forAttempt(3, () => 0.5, 500)).toBe(800)
  })

  it('draws those before, too, where nobody knows them', () => {
    const backoff = new DecorrelatedJitter(DELAYS)
    expect([1, 2, 3, 10_000].map((attempt) => backoff.forAttempt(attempt, () => 0))).toEqual([
      300, 900, 2_000, 2_000,
    ])
  })

  it('keeps within its range whatever chance and the delay before say', () => {
    const random = new Random(7)
    const backoff = new DecorrelatedJitter(DELAYS)
    for (let i = 0; i < 1_000; i++) {
      const before = random.int(0, 10_000)
      const delay = backoff.forAttempt(random.int(1, 9), () => random.next(), before)
      expect(delay).toBeGreaterThanOrEqual(100)
      expect(delay).toBeLessThanOrEqual(2_000)
    }
  })

  it('goes on in a retry from the delay before', async () => {
    const slept: number[] = []
    // Of 300 the lower end of what may follow, then the upper one.
    const chances = [0, 1, 0]
    const retry = new RetryWithBackoffPolicy({
      backoff: new DecorrelatedJitter(DELAYS),
      runtime: {
        now: () => 0,
        random: () => chances.shift()!,
        after: async (ms) => void slept.push(ms),
      },
    })
    await retry.execute(() => Promise.reject(new Error('down'))).catch(() => {})
    expect(slept).toEqual([300, 100, 300])
  })

  it('may be a cooldown, where it has no chance', () => {
    const { cooldown } = new CircuitProtectorPolicy({ cooldown: new DecorrelatedJitter(DELAYS) })
    expect(cooldown).toBe(300)
  })

  it.each([
    [undefined, 'minDelay must be a duration from 1ms to 1d'],
    [{ minDelay: 0, maxDelay: 1 }, 'minDelay must be a duration from 1ms to 1d'],
    [{ minDelay: '2s', maxDelay: '1s' }, 'maxDelay must be a duration from 2s to 1d'],
    [{ ...DELAYS, jitter: 1 }, 'jitter is no option'],
  ])('refuses %o', (options, message) => {
    const make = () => new DecorrelatedJitter(options as never)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })

  it.each([0, 1.5])('has no delay for attempt %d', (attempt) => {
    expect(() => new DecorrelatedJitter(DELAYS).forAttempt(attempt)).toThrow(
      'attempt must be a whole number from 1',
    )
  })
})
