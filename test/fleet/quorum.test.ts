import { beforeEach, describe, expect, it } from 'vitest'
import type { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { failingAlone } from '../../src/core/reporters.ts'
import { Lab, type Network } from './lab.ts'

let lab: Lab
beforeEach(() => {
  lab = new Lab()
})

const limit = { failureLimit: fraction(3, 6) } as const

/** Isolates that each call once in so many milliseconds; those of `bad` fail. */
async function live(
  ms: number,
  each: number,
  well: readonly CircuitProtectorPolicy[],
  bad: readonly CircuitProtectorPolicy[] = [],
): Promise<void> {
  for (let passed = 0; passed < ms; passed += each) {
    for (const policy of well) void lab.call(policy)
    for (const policy of bad) void lab.call(policy, 'fails')
    await lab.pass(each)
  }
}
const row = async () => {
  const [answer] = await lab.store.exchange([{ resourceKey: 'dependency', namespace: 'default' }])
  return answer!.snapshot
}
const opened = async () =>
  (await lab.store.history()).items.filter(({ to }) => to === 'OPEN').length
const withReport = ({ sent }: Network) =>
  sent.filter(({ outcomes }) => outcomes.some((each) => each !== null)).length

describe.each([
  ['a count', limit],
  ['a share of a time window', { failureLimit: failureRate(0.5, { over: '5s' }) }],
] as const)('one isolate of many whose every call fails, by %s', (_, options) => {
  it('rejects by itself, and stops nobody else', async () => {
    const well = [1, 2, 3, 4].map(() => lab.breaker(options).policy)
    const told: string[] = []
    const { policy: bad } = lab.breaker({
      ...options,
      onStatusChange: (_, from, to, { origin, local }) =>
        void told.push(`${from} -> ${to} ${origin} ${local ? 'local' : 'shared'}`),
    })
    await live(20_000, 250, [...well, bad])
    await live(15_000, 250, well, [bad])
    expect(bad.status).toBe('OPEN')
    expect(well.map(({ status }) => status)).toEqual(['CLOSED', 'CLOSED', 'CLOSED', 'CLOSED'])
    expect(await opened()).toBe(0)
    const { reporters, at } = await row()
    expect(failingAlone(reporters, at)).toBe(1)
    // After its cooldown it tries by itself, in vain.
    expect(told).toEqual([
      'CLOSED -> OPEN self local',
      'OPEN -> HALF_OPEN self local',
      'HALF_OPEN -> OPEN self local',
    ])
  })

  it('is itself again after a probe of its own succeeds', async () => {
    const well = [1, 2, 3].map(() => lab.breaker(options).policy)
    const { policy: bad } = lab.breaker(options)
    await live(20_000, 250, [...well, bad])
    await live(8_000, 250, well, [bad])
    expect(bad.status).toBe('OPEN')
    expect(await lab.call(bad)).toBe('OPEN')
    await live(12_000, 250, [...well, bad])
    expect(bad.status).toBe('CLOSED')
    const { reporters, at } = await row()
    expect(failingAlone(reporters, at)).toBe(0)
    // What it learnt while it was bad is forgotten: it takes as many failures as before.
    await lab.call(bad, 'fails')
    await lab.pass(10)
    expect(await lab.call(bad)).toBe('value')
  })
})

describe('an isolate that fails alone', () => {
  it('goes with the fleet as soon as that opens', async () => {
    const [first, second] = [lab.breaker(limit).policy, lab.breaker(limit).policy]
    const { policy: bad } = lab.breaker(limit)
    await live(10_000, 250, [first, second, bad])
    await live(3_000, 250, [first, second], [bad])
    expect(bad.status).toBe('OPEN')
    await live(3_000, 250, [], [first, second, bad])
    expect(await opened()).toBe(1)
    await live(5_000, 250, [], [bad])
    expect(bad.snapshot).toMatchObject({ status: 'OPEN', generation: (await row()).generation })
  })

  it('obeys an order that closes the breaker', async () => {
    const [first, second] = [lab.breaker(limit).policy, lab.breaker(limit).policy]
    const { policy: bad } = lab.breaker(limit)
    await live(10_000, 250, [first, second, bad])
    await live(3_000, 250, [first, second], [bad])
    expect(bad.status).toBe('OPEN')
    await bad.close()
    expect(await lab.call(bad)).toBe('value')
  })

  it('decides by itself whatever it does while the storage does not answer', async () => {
    const options = { ...limit, whenDegraded: 'allow' } as const
    const [first, second] = [lab.breaker(limit).policy, lab.breaker(limit).policy]
    const { policy: bad } = lab.breaker(options)
    await live(10_000, 250, [first, second, bad])
    await live(3_000, 250, [first, second], [bad])
    expect(await lab.call(bad)).toBe('OPEN')
  })
})

describe('a fleet', () => {
  it('of one isolate opens as soon as the limit is reached', async () => {
    const { policy } = lab.breaker(limit)
    await live(20_000, 1_000, [policy])
    await live(3_000, 1_000, [], [policy])
    expect((await row()).status).toBe('OPEN')
  })

  it('of two isolates that call once a second opens as soon as the limit is reached', async () => {
    const both = [lab.breaker(limit).policy, lab.breaker(limit).policy]
    await live(20_000, 1_000, both)
    await live(2_000, 1_000, [], both)
    expect((await row()).status).toBe('OPEN')
  })

  it('of one that is left opens once the other was not heard of for a dozen seconds', async () => {
    const [left, gone] = [lab.breaker(limit).policy, lab.breaker(limit).policy]
    await live(20_000, 1_000, [left!, gone!])
    await live(14_000, 250, [left!])
    await live(1_000, 250, [], [left!])
    expect((await row()).status).toBe('OPEN')
  })

  it.each([2, 3, 5, 12])('of %i that is well is always known to have another', async (size) => {
    const made = Array.from({ length: size }, () => lab.breaker(limit))
    const policies = made.map(({ policy }) => policy)
    await live(10_000, 1_000, policies)
    for (let second = 0; second < 40; second++) {
      await live(1_000, 1_000, policies)
      const { reporters, at } = await row()
      const alive = reporters.seen.filter((each) => at - each.at < 12_500)
      expect(alive.length).toBeGreaterThanOrEqual(2)
    }
  })

  it('that is well writes no more than ten times a second, however large', async () => {
    const made = Array.from({ length: 50 }, () => lab.breaker(limit))
    const policies = made.map(({ policy }) => policy)
    await live(10_000, 500, policies)
    const before = (await row()).version
    const reports = made.reduce((sum, { network }) => sum + withReport(network), 0)
    await live(60_000, 500, policies)
    expect((await row()).version - before).toBeLessThan(600)
    expect(made.reduce((sum, { network }) => sum + withReport(network), 0)).toBe(reports)
  })

  it('whose others live for one call each knows of these', async () => {
    await lab.othersReport('000000')
    await lab.pass(60_000)
    for (let i = 0; i < 3; i++) {
      await lab.call(lab.breaker(limit).policy)
      await lab.pass(100)
    }
    const { policy: bad } = lab.breaker(limit)
    await live(2_000, 100, [], [bad])
    expect((await row()).status).toBe('CLOSED')
  })
})
