import { describe, expect, it } from 'vitest'
import { CircuitProtectorPolicy } from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'

function stage(maxEntries?: number | null) {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({
    clock: clock.now,
    ...(maxEntries !== undefined && { maxEntries }),
  })
  const keys = async () =>
    (await storage.list({ limit: 1_000 })).items.map(({ resourceKey }) => resourceKey).sort()
  const breaker = (resourceKey: string) =>
    new CircuitProtectorPolicy({ resourceKey, storage, consistency: 'strong', cooldown: '1m' })
  const use = async (resourceKey: string): Promise<CircuitProtectorPolicy> => {
    const one = breaker(resourceKey)
    await one.execute(() => 'ok')
    await one.flush()
    return one
  }
  return { clock, storage, keys, breaker, use }
}

describe('the number of breakers in memory', () => {
  it('is limited: the one that was used longest ago goes, and starts anew', async () => {
    const { keys, use } = stage(3)
    for (const key of ['a', 'b', 'c', 'a', 'd']) await use(key)
    expect(await keys()).toEqual(['a', 'c', 'd'])
    await use('b')
    expect(await keys()).toEqual(['a', 'b', 'd'])
  })

  it('never costs a breaker that is open, until its cooldown is over', async () => {
    const { clock, keys, breaker, use } = stage(2)
    await breaker('open').open()
    for (const key of ['a', 'b', 'c']) await use(key)
    expect(await keys()).toEqual(['c', 'open'])
    clock.advance('1m')
    for (const key of ['d', 'e']) await use(key)
    expect(await keys()).toEqual(['d', 'e'])
  })

  it('never costs a breaker under a standing order, until that ends', async () => {
    const { clock, keys, breaker, use } = stage(2)
    await breaker('ordered').override('DISABLED', { for: '1m' })
    for (const key of ['a', 'b']) await use(key)
    expect(await keys()).toEqual(['b', 'ordered'])
    clock.advance('1m')
    await use('c')
    expect(await keys()).toEqual(['b', 'c'])
  })

  it('grows beyond its limit where none may go', async () => {
    const { keys, breaker } = stage(2)
    for (const key of ['a', 'b', 'c']) await breaker(key).open()
    expect(await keys()).toEqual(['a', 'b', 'c'])
  })

  it.each([
    [undefined, 8_192],
    [null, 8_200],
  ])('with maxEntries %s is %d of 8,200', async (maxEntries, expected) => {
    const { storage } = stage(maxEntries)
    const command = { order: { command: 'reset' }, actor: null, reason: null } as const
    for (let i = 0; i < 8_200; i++)
      await storage.control({ resourceKey: `${i}`, namespace: 'n', command })
    const { summary } = await storage.list({ summary: true, limit: 1 })
    expect(summary?.counts.CLOSED).toBe(expected)
  })

  it.each([0, -1, 1.5, Number.NaN, '10'])('cannot be limited to %s', (maxEntries) => {
    expect(() => new InMemoryStorage({ maxEntries: maxEntries as never })).toThrow(
      /^maxEntries must be a whole number/,
    )
  })
})
