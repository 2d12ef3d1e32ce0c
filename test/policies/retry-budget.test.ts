import { describe, expect, it } from 'vitest'
import { rejectionResponse } from '../../src/http/rejection.ts'
import {
  CircuitProtectorPolicy,
  type GiveUpEvent,
  InvalidOptionError,
  type Notice,
  type RetryBudget,
  RetryLimitReached,
  type RetryWithBackoffOptions,
  RetryWithBackoffPolicy,
  retryBudget,
} from '../../src/index.ts'
import { FakeClock } from '../../src/testing/clock.ts'

const down = new Error('down')

/** A dependency that always fails, under a retry that waits for nothing. */
function failing(options: RetryWithBackoffOptions = {}) {
  const clock = new FakeClock()
  const retry = new RetryWithBackoffPolicy({ runtime: clock, ...options })
  let attempts = 0
  const fails = () => {
    attempts++
    throw down
  }
  return {
    clock,
    retry,
    /** Makes so many calls, one after another. @returns how many attempts that were */
    async attemptsOf(calls: number): Promise<number> {
      const before = attempts
      for (let i = 0; i < calls; i++) await retry.execute(fails).catch(() => {})
      return attempts - before
    },
  }
}

describe('the budget of a retry', () => {
  it('holds ten retries, and then one for each five calls and one for each second', async () => {
    const { clock, attemptsOf } = failing()
    // Three calls take three retries each. The fourth takes one, and 0.6 of one is left.
    expect(await attemptsOf(4)).toBe(4 + 10)
    expect(await attemptsOf(5)).toBe(5 + 1)
    expect(await attemptsOf(50)).toBe(50 + 10)
    clock.advance('2s')
    expect(await attemptsOf(1)).toBe(1 + 2)
  })

  it('never holds more than its reserve, however long nothing failed', async () => {
    const { clock, retry, attemptsOf } = failing()
    for (let i = 0; i < 1_000; i++) await retry.execute(() => 'done')
    await attemptsOf(1)
    clock.advance('1h')
    expect(await attemptsOf(5)).toBe(5 + 10)
  })

  it('lets a single call have all of its retries, however many', async () => {
    expect(await failing({ maxRetries: 40 }).attemptsOf(1)).toBe(41)
  })

  it('says that it is the reason, in the error and in onGiveUp', async () => {
    const events: GiveUpEvent[] = []
    const { retry } = failing({
      budget: retryBudget({ ratio: 0, minPerSecond: 0, reserve: 1 }),
      onGiveUp: (event) => events.push(event),
    })
    const error = await retry.execute(() => Promise.reject(down)).catch((reason) => reason)
    expect(error).toBeInstanceOf(RetryLimitReached)
    expect(error).toMatchObject({
      reason: 'BUDGET',
      attempts: 2,
      cause: down,
      message: 'all 2 attempts failed; the retry budget is used up',
    })
    expect(events).toEqual([{ reason: 'BUDGET', attempts: 2, elapsedMs: 0, error: down }])
  })

  it('may be shared by several policies', async () => {
    const budget = retryBudget({ ratio: 0, minPerSecond: 0, reserve: 4 })
    expect(await failing({ budget }).attemptsOf(1)).toBe(1 + 3)
    expect(await failing({ budget }).attemptsOf(1)).toBe(1 + 1)
    expect(budget.balance).toBe(0)
  })

  it('is no limit where it is false', async () => {
    expect(await failing({ budget: false }).attemptsOf(100)).toBe(400)
  })

  it('is not filled by what a breaker rejects', async () => {
    const budget = retryBudget({ minPerSecond: 0, reserve: 0 })
    const { retry } = failing({ budget })
    const breaker = new CircuitProtectorPolicy()
    await breaker.open()
    for (let i = 0; i < 5; i++)
      await retry.execute(() => breaker.execute(() => 'done')).catch(() => {})
    const rejection = await breaker.execute(() => {}).catch((error) => error)
    await retry.execute(() => rejectionResponse(rejection))
    expect(budget.balance).toBe(0)
    await retry.execute(() => 'done')
    expect(budget.balance).toBe(0.2)
  })

  it('counts shares of a retry exactly', async () => {
    const budget = retryBudget({ ratio: 0.1, minPerSecond: 0, reserve: 0 })
    for (let calls = 1; calls < 10; calls++) budget.deposit()
    expect(budget.withdraw()).toBe(false)
    budget.deposit()
    expect(budget.withdraw()).toBe(true)
  })

  it('of somebody’s own allows no retry where it fails, and harms no call', async () => {
    const notices: Notice[] = []
    const broken = () => {
      throw new Error('broken')
    }
    const budget: RetryBudget = { balance: 0, deposit: broken, withdraw: broken }
    const { retry } = failing({ budget, onNotice: (notice) => notices.push(notice) })
    expect(await retry.execute(() => 'done')).toBe('done')
    await expect(retry.execute(() => Promise.reject(down))).rejects.toMatchObject({
      reason: 'BUDGET',
      cause: down,
    })
    expect(new Set(notices.map(({ message }) => message))).toEqual(new Set(['budget failed']))
  })

  it.each([
    [{ ratio: -0.1 }, 'ratio must be a number from 0 to 1; got -0.1'],
    [{ ratio: 1.1 }, 'ratio must be a number from 0 to 1; got 1.1'],
    [{ ratio: '20%' }, 'ratio must be a number from 0 to 1; got "20%"'],
    [{ minPerSecond: -1 }, 'minPerSecond must be a number from 0 to 1000; got -1'],
    [{ minPerSecond: Number.NaN }, 'minPerSecond must be a number from 0 to 1000; got NaN'],
    [{ reserve: 0.5 }, 'reserve must be a whole number from 0 to 1000; got 0.5'],
    [{ rate: 0.2 }, 'rate is no option; did you mean ratio?'],
    [{ runtime: {} }, 'runtime.now must be a function; got undefined'],
  ])('refuses %o', (options, message) => {
    const make = () => retryBudget(options as never)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })

  it.each([true, 0.2, null, { ratio: 0.2 }])('is a budget or false, and not %o', (budget) => {
    expect(() => new RetryWithBackoffPolicy({ budget: budget as never })).toThrow(
      'budget must be a retryBudget() or false',
    )
  })
})
