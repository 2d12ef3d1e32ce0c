import { beforeEach, describe, expect, it } from 'vitest'
import { failureRate } from '../../src/core/limits.ts'
import type { Network } from './lab.ts'
import { Lab, late } from './lab.ts'

let lab: Lab
beforeEach(() => {
  lab = new Lab()
})

/** What an isolate told the storage, report by report, without its reads. */
const told = (network: Network): string[] =>
  network.sent.flatMap(({ outcomes }) => outcomes.filter((outcome) => outcome !== null))

describe('outcomes', () => {
  it('that succeed wait while the shared window is full of successes', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker()
    for (let second = 0; second < 30; second++) {
      await lab.call(policy)
      await lab.pass(1_000)
    }
    expect(told(network)).toEqual([])
  })

  it('that fail are sent at once, behind the successes that waited', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    await lab.call(policy)
    await lab.call(policy, 'fails')
    await lab.pass(10)
    expect(told(network)).toEqual(['001'])
  })

  it('that succeed are sent within a second while the shared window holds a failure, together', async () => {
    await lab.othersReport('0001')
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    await lab.pass(10)
    expect(told(network)).toEqual(['0'])
    for (let i = 0; i < 3; i++) await lab.call(policy)
    await lab.pass(980)
    await lab.call(policy)
    await lab.pass(10)
    expect(told(network)).toEqual(['0'])
    await lab.pass(10)
    await lab.call(policy)
    await lab.pass(10)
    expect(told(network)).toEqual(['0', '00000'])
  })

  it('that succeed are told as long as a failure is among the last ten windows: isolates must agree on that', async () => {
    await lab.othersReport(`1${'0'.repeat(39)}`)
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    await lab.pass(10)
    expect(told(network)).toEqual(['0'])
    const later = lab.breaker()
    await lab.call(later.policy)
    await lab.pass(10)
    expect(told(later.network)).toEqual([])
  })

  it('of a cold isolate are told at once where the window is dirty or not full: it may not live for a second call', async () => {
    for (const others of ['', '000', '0010']) {
      lab = new Lab()
      await lab.othersReport(others)
      const { policy, network } = lab.breaker()
      await lab.call(policy)
      await lab.pass(10)
      expect(told(network)).toEqual(['0'])
    }
  })

  it('of a new generation are told at once: what waits and what does not would not be the same', async () => {
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    await lab.pass(10)
    await lab.breaker().policy.reset()
    await lab.pass(5_000)
    await lab.call(policy)
    await lab.pass(10)
    expect(told(network)).toEqual(['0', '0'])
  })

  it('that came while an exchange was under way follow it', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker({ failureLimit: { numerator: 4, denominator: 4 } })
    await lab.call(policy)
    await lab.pass(10)
    network.next(late(lab, 50))
    await lab.call(policy, 'fails')
    await lab.call(policy, 'fails')
    await lab.pass(1_000)
    expect(told(network)).toEqual(['01', '1'])
  })

  it('that came while a call waited for its admission follow that, too', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker()
    const permit = await policy.acquire()
    await lab.pass(5_000)
    network.next(late(lab, 50))
    void lab.call(policy)
    await lab.pass(10)
    await permit.failure(new Error('failed'))
    await lab.pass(200)
    expect(told(network)).toEqual(['10'])
  })

  it('leave a gap behind the last exchange that is twice as long as that took, and at most a second', async () => {
    const gapAfter = async (latency: number) => {
      lab = new Lab()
      await lab.othersReport('0000')
      const { policy, network } = lab.breaker({ failureLimit: { numerator: 4, denominator: 4 } })
      await lab.call(policy)
      await lab.pass(10)
      network.next(late(lab, latency))
      await lab.call(policy, 'fails')
      await lab.pass(latency)
      const answered = lab.elapsed
      await lab.call(policy, 'fails')
      await lab.pass(3_000)
      return network.sent.at(-1)!.at - answered
    }
    expect(await gapAfter(100)).toBe(200)
    expect(await gapAfter(300)).toBe(600)
    expect(await gapAfter(900)).toBe(1_000)
  })

  it('do not make a call wait for the gap that finds its view too old', async () => {
    await lab.othersReport('0000')
    const failureLimit = { numerator: 4, denominator: 4 }
    const { policy, network } = lab.breaker({
      failureLimit,
      consistency: { maxStaleness: '100ms' },
    })
    await lab.call(policy)
    await lab.pass(10)
    network.next(late(lab, 400))
    await lab.call(policy, 'fails')
    await lab.pass(400)
    await lab.call(policy, 'fails')
    await lab.pass(150)
    await lab.othersReport('1111')
    expect(await lab.callWithin(0, policy)).toBe('OPEN')
  })

  it('of a time window are sent before there are too many of them', async () => {
    const failureLimit = failureRate(0.5, { over: '30s', minimumThroughput: 10 })
    await lab.othersReport('0')
    const { policy, network } = lab.breaker({ failureLimit, maxBuffered: 10 })
    await lab.call(policy)
    await lab.pass(10)
    for (let i = 0; i < 8; i++) {
      await lab.call(policy)
      await lab.pass(10)
    }
    expect(told(network)).toEqual(['0', '00000'])
  })
})

describe("an isolate's own view", () => {
  it('stops it at once when it trips, and the storage confirms that', async () => {
    await lab.othersReport('0001')
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    await lab.pass(2_000)
    network.next(late(lab, 100))
    await lab.call(policy, 'fails')
    expect(policy.status).toBe('OPEN')
    expect(await lab.call(policy)).toBe('OPEN')
    await lab.pass(100)
    expect((await lab.row()).status).toBe('OPEN')
    expect(policy.status).toBe('OPEN')
  })

  it('is corrected where the storage knows better', async () => {
    await lab.othersReport('0001')
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    await lab.pass(10)
    await lab.othersReport('0000')
    network.next(late(lab, 100))
    await lab.call(policy, 'fails')
    expect(await lab.call(policy)).toBe('OPEN')
    await lab.pass(110)
    expect(await lab.call(policy)).toBe('value')
    expect(await lab.log()).toBe('0001000001')
  })

  it('includes its own unsent outcomes in the execution log', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    network.next(late(lab, 100))
    await lab.call(policy, 'fails')
    expect([...policy.executionLog]).toEqual([true, true, true, false])
  })
})

describe('a row that is written too often', () => {
  /** Others write so many times in a second, while the isolate looks on. */
  const busy = async (writes: number) => {
    const failureLimit = { numerator: 1_000, denominator: 1_000 }
    const { policy, network } = lab.breaker({ failureLimit })
    await lab.call(policy, 'fails')
    await lab.pass(2_000)
    const writer = lab.breaker({ failureLimit, consistency: 'strong' }).policy
    for (let i = 0; i < writes; i++) await lab.call(writer)
    lab.chance = 0.02
    await lab.call(policy)
    await lab.pass(10)
    return { policy, network }
  }

  it('gets all outcomes up to two hundred writes a second', async () => {
    const { policy, network } = await busy(150)
    lab.chance = 0.9
    const before = told(network).length
    await lab.call(policy, 'fails')
    await lab.pass(1_000)
    expect(told(network).slice(before)).toEqual(['1'])
  })

  it('gets a share of them above that, failures no more than successes', async () => {
    const { policy, network } = await busy(1_000)
    const before = told(network).length
    lab.chance = 0.5
    await lab.call(policy, 'fails')
    await lab.call(policy)
    await lab.pass(1_000)
    expect(told(network).slice(before)).toEqual([])
    lab.chance = 0.01
    await lab.call(policy, 'fails')
    await lab.pass(1_000)
    expect(told(network).slice(before).join('')).toContain('1')
  })

  /** How many reads each of these failures leads to, `ms` apart. */
  const looks = async (ms: number, failures: number) => {
    const { policy, network } = await busy(1_000)
    lab.chance = 0.5
    const counts: number[] = []
    for (let i = 0; i < failures; i++) {
      const before = network.sent.length
      await lab.pass(ms)
      await lab.call(policy, 'fails')
      await lab.pass(20)
      counts.push(network.sent.length - before)
    }
    return counts
  }

  it('is looked at after each of the first eight failures in a row of which it was not told: others may have told', async () => {
    expect(await looks(80, 10)).toEqual([1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
  })

  it('is looked at after each such failure where the last look was a second ago', async () => {
    expect(await looks(1_000, 10)).toEqual(Array(10).fill(1))
  })

  it('is looked at after such a failure as soon as the exchange under way is answered: what that says may be older', async () => {
    const { policy, network } = await busy(1_000)
    lab.chance = 0.5
    network.next(late(lab, 300))
    await lab.call(policy, 'fails')
    await lab.pass(200)
    const before = network.sent.length
    await lab.call(policy, 'fails')
    await lab.pass(90)
    expect(network.sent.length - before).toBe(0)
    await lab.pass(1_000)
    expect(network.sent.length - before).toBe(1)
  })
})
