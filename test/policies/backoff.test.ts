import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resolveSettings } from '../../src/core/settings.ts'
import {
  CircuitProtectorPolicy,
  ExponentialDelay,
  FixedDelay,
  fraction,
  InvalidOptionError,
} from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'

const attempts = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

describe('ExponentialDelay', () => {
  it('doubles from the first delay up to the longest', () => {
    const delay = new ExponentialDelay({ minDelay: '100ms', maxDelay: '2s' })
    expect(attempts(7).map((n) => delay.forAttempt(n))).toEqual([
      100, 200, 400, 800, 1_600, 2_000, 2_000,
    ])
  })

  it('grows by its factor, which need not be whole', () => {
    const delay = new ExponentialDelay({ minDelay: 100, maxDelay: '1h', factor: 1.5 })
    expect(attempts(4).map((n) => delay.forAttempt(n))).toEqual([100, 150, 225, 337.5])
  })

  it.each([1, 1_024, 10_000, Number.MAX_SAFE_INTEGER])('does not overflow at attempt %d', (n) => {
    expect(
      new ExponentialDelay({ minDelay: 1, maxDelay: '24h', factor: 1e300 }).forAttempt(n),
    ).toBe(n === 1 ? 1 : 86_400_000)
    expect(new ExponentialDelay({ minDelay: 0, maxDelay: '24h' }).forAttempt(n)).toBe(0)
  })

  it('leaves the share of its jitter to chance, at the longest delay as at the first', () => {
    const delay = new ExponentialDelay({ minDelay: '100ms', maxDelay: '2s', jitter: 0.25 })
    for (const [n, full] of [
      [1, 100],
      [3, 400],
      [10_000, 2_000],
    ] as const) {
      expect(delay.forAttempt(n, () => 0)).toBe(full)
      // The first one may not be shorter, and is longer by as much.
      const sign = n === 1 ? 1 : -1
      expect(delay.forAttempt(n, () => 0.5)).toBe(full * (1 + sign * 0.125))
      expect(delay.forAttempt(n, () => 1 - Number.EPSILON)).toBeCloseTo(full * (1 + sign * 0.25))
    }
  })

  it('takes its chance from Math.random', () => {
    const delay = new ExponentialDelay({ minDelay: '1s', maxDelay: '2s', jitter: 1 })
    expect(new Set(attempts(20).map(() => delay.forAttempt(1))).size).toBe(20)
  })

  it('stays between its limits, whatever the options', () => {
    const options = fc.record({
      minDelay: fc.integer({ min: 0, max: 1_000 }),
      maxDelay: fc.integer({ min: 1_000, max: 86_400_000 }),
      factor: fc.double({ min: 1, max: 1e308, noNaN: true }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(options, fc.integer({ min: 1, max: 100_000 }), (given, n) => {
        const ms = new ExponentialDelay(given).forAttempt(n)
        expect(ms).toBeGreaterThanOrEqual(given.minDelay)
        expect(ms).toBeLessThanOrEqual(given.maxDelay)
      }),
    )
  })

  it.each([
    [{ minDelay: -1, maxDelay: '1s' }, 'minDelay', 'a duration from 0ms to 1d'],
    [{ minDelay: '5 s', maxDelay: '1s' }, 'minDelay', 'a duration from 0ms to 1d'],
    [{ maxDelay: '1s' }, 'minDelay', 'a duration from 0ms to 1d'],
    [{ minDelay: '2s', maxDelay: '1s' }, 'maxDelay', 'a duration from 2s to 1d'],
    [{ minDelay: '2s', maxDelay: '25h' }, 'maxDelay', 'a duration from 2s to 1d'],
    [{ minDelay: 1, maxDelay: 2, factor: 0.5 }, 'factor', 'a number from 1; got 0.5'],
    [{ minDelay: 1, maxDelay: 2, factor: Number.NaN }, 'factor', 'a number from 1; got NaN'],
    [
      { minDelay: 1, maxDelay: 2, factor: Number.POSITIVE_INFINITY },
      'factor',
      'a number from 1; got Infinity',
    ],
    [{ minDelay: 1, maxDelay: 2, jitter: -0.1 }, 'jitter', 'a number from 0 to 1; got -0.1'],
    [{ minDelay: 1, maxDelay: 2, jitter: 1.1 }, 'jitter', 'a number from 0 to 1; got 1.1'],
    [{ minDelay: 1, maxDelay: 2, jitter: '0.1' }, 'jitter', 'a number from 0 to 1; got "0.1"'],
    [undefined, 'minDelay', 'a duration from 0ms to 1d'],
  ])('refuses %o, naming %s', (options, option, message) => {
    const make = () => new ExponentialDelay(options as never)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(`${option} must be ${message}`)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('knows no attempt %d', (n) => {
    const delay = new ExponentialDelay({ minDelay: 1, maxDelay: 2 })
    expect(() => delay.forAttempt(n)).toThrow(`attempt must be a whole number from 1; got ${n}`)
  })
})

describe('FixedDelay', () => {
  it('is the same at each attempt', () => {
    const delay = new FixedDelay('200ms')
    expect([1, 2, 10_000].map((n) => delay.forAttempt(n))).toEqual([200, 200, 200])
  })

  it('refuses what is no duration', () => {
    expect(() => new FixedDelay('soon' as never)).toThrow(
      /^delay must be a duration from 0ms to 1d/,
    )
  })
})

describe('a delay as cooldown', () => {
  const growing = new ExponentialDelay({ minDelay: '1s', maxDelay: '10s', jitter: 1 })
  const expected = [1_000, 2_000, 4_000, 8_000, ...Array(12).fill(10_000)]

  it('gives the cooldown of each number of consecutive opens, with nothing left to chance', () => {
    expect(resolveSettings({ cooldown: growing }).cooldownMs).toEqual(expected)
    expect(resolveSettings({ cooldown: new FixedDelay('5s') }).cooldownMs).toEqual(
      Array(16).fill(5_000),
    )
  })

  it('may be asked by a function', () => {
    const steady = new ExponentialDelay({ minDelay: '1s', maxDelay: '10s' })
    expect(resolveSettings({ cooldown: (opens) => steady.forAttempt(opens) }).cooldownMs).toEqual(
      expected,
    )
  })

  it('lengthens the cooldown of a breaker that opens again', async () => {
    let now = 0
    const runtime = {
      now: () => now,
      random: Math.random,
      after: () => new Promise<never>(() => {}),
    }
    const breaker = new CircuitProtectorPolicy({
      cooldown: growing,
      failureLimit: fraction(1, 1),
      runtime,
      storage: new InMemoryStorage({ clock: runtime.now }),
    })
    const wait = async () => breaker.execute(() => {}).catch((error) => error.retryAfterMs)
    for (const cooldown of [1_000, 2_000, 4_000]) {
      await breaker.execute(() => Promise.reject(new Error('down'))).catch(() => {})
      expect(await wait()).toBe(cooldown)
      now += cooldown
    }
  })

  it('is held to what a cooldown may be', () => {
    expect(() => new CircuitProtectorPolicy({ cooldown: new FixedDelay(0) })).toThrow(
      /^cooldown\(1\) must be a duration from 1ms/,
    )
    expect(() => new CircuitProtectorPolicy({ cooldown: {} as never })).toThrow(
      /^cooldown must be a duration .*; got an object/,
    )
  })
})
