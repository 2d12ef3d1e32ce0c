import { beforeEach, describe, expect, it } from 'vitest'
import { flushStorage } from '../../src/fleet/shared-line.ts'
import { answerLost, hangs, Lab, late, type Network, refused } from './lab.ts'

let lab: Lab
let events: string[]
const hooks = {
  onDegraded: () => void events.push('degraded'),
  onRecovered: () => void events.push('recovered'),
}
beforeEach(() => {
  lab = new Lab()
  events = []
})

const warm = async (options: Parameters<Lab['breaker']>[0] = {}) => {
  await lab.othersReport('0000')
  const made = lab.breaker({ ...hooks, ...options })
  await lab.call(made.policy)
  await lab.pass(10)
  return made
}

const back = (network: Network) => {
  network.usual = (proceed) => proceed()
}

describe('a slow storage', () => {
  it('keeps a call waiting for storageTimeout, and the next ones not at all', async () => {
    const { policy, network } = lab.breaker({ ...hooks, storageTimeout: '200ms' })
    network.usual = hangs
    const waited = lab.waitOf(policy)
    await lab.pass(1_000)
    expect(await waited).toBe(200)
    for (let i = 0; i < 5; i++) expect(await lab.callWithin(0, policy)).toBe('value')
    expect(events).toEqual([])
  })

  it('never keeps a call waiting longer than that, however often it has to ask', async () => {
    await lab.othersReport('0011')
    await lab.pass(10_000)
    const { policy, network } = lab.breaker({ ...hooks, storageTimeout: '200ms' })
    network.usual = late(lab, 150)
    const waited = lab.waitOf(policy)
    await lab.pass(1_000)
    expect(await waited).toBe(200)
  })

  it('is taken for gone after operationTimeout, and its late answer is taken all the same', async () => {
    await lab.othersReport('0011')
    const { policy, network } = lab.breaker({ ...hooks, operationTimeout: '2s' })
    network.next(late(lab, 3_000))
    expect(await lab.callWithin(500, policy)).toBe('value')
    await lab.pass(1_499)
    expect(events).toEqual([])
    await lab.pass(1)
    expect(events).toEqual(['degraded'])
    await lab.pass(1_000)
    expect(events).toEqual(['degraded', 'recovered'])
    expect(policy.status).toBe('OPEN')
  })
})

describe('a storage that fails', () => {
  it('is never seen by a call, nor by its caller', async () => {
    for (const fate of [refused(), answerLost, hangs]) {
      const { policy, network } = await warm()
      network.usual = fate
      expect(await lab.callWithin(0, policy)).toBe('value')
      expect(await lab.callWithin(0, policy, 'fails')).toBe('failed')
      await lab.pass(6_000)
      expect(await lab.callWithin(500, policy)).toBe('value')
    }
  })

  it.each([
    [0, 0.8],
    [0.5, 1],
    [0.99, 1.196],
  ])(
    'is left alone for pauses that grow: one, two, four seconds, and so on to thirty; the chance %f makes each %f times as long',
    async (chance, factor) => {
      const { policy, network } = await warm()
      lab.chance = chance
      network.usual = refused()
      await lab.call(policy, 'fails')
      await lab.pass(0)
      network.sent.length = 0
      for (let i = 0; i < 1_100; i++) {
        await lab.call(policy)
        await lab.pass(100)
      }
      const at = network.sent.map((sent) => sent.at)
      // There is a call every 100 ms, and the first after a pause is the next attempt.
      const pauses = at.slice(1, 7).map((time, i) => time - at[i]!)
      const expected = [2_000, 4_000, 8_000, 16_000, 30_000, 30_000].map((pause) => pause * factor)
      expect(pauses).toHaveLength(expected.length)
      for (const [i, pause] of pauses.entries()) {
        expect(pause).toBeGreaterThanOrEqual(expected[i]! - 1)
        expect(pause).toBeLessThanOrEqual(expected[i]! + 200)
      }
    },
  )

  it('grows its pause once, however many operations were under way when it failed', async () => {
    await lab.othersReport('0011')
    await lab.pass(10_000)
    const { policy, network } = lab.breaker(hooks)
    await lab.call(policy)
    network.usual = (proceed) => late(lab, 50)(() => refused()(proceed))
    await Promise.all([
      lab.callWithin(0, policy),
      lab.callWithin(0, policy),
      lab.callWithin(60, policy),
    ])
    network.sent.length = 0
    back(network)
    await lab.pass(1_200)
    await lab.callWithin(20, policy)
    expect(network.sent.length).toBeGreaterThan(0)
    expect(events).toEqual(['degraded', 'recovered'])
  })

  it('keeps one call waiting for each pause, and no other', async () => {
    const { policy, network } = await warm()
    network.usual = refused()
    await lab.call(policy, 'fails')
    await lab.pass(6_000)
    network.usual = hangs
    const first = lab.callWithin(100, policy)
    expect(await first).toBe('still waiting')
    for (let i = 0; i < 5; i++) expect(await lab.callWithin(0, policy)).toBe('value')
  })

  it('is not gone where it says that it was busy: nothing was counted, and the report goes again', async () => {
    const { policy, network } = await warm({ failureLimit: { numerator: 4, denominator: 4 } })
    network.next(refused('STORAGE_BUSY'))
    await lab.call(policy, 'fails')
    await lab.pass(1_000)
    expect(events).toEqual([])
    expect(await lab.log()).toBe('000001')
  })
})

describe('while the storage does not answer', () => {
  const gone = async (options: Parameters<Lab['breaker']>[0] = {}) => {
    const made = await warm(options)
    made.network.usual = refused()
    await lab.call(made.policy, 'fails')
    await lab.pass(0)
    return made
  }

  it('a breaker goes on by itself: it opens at its limit', async () => {
    const { policy } = await gone()
    expect(await lab.call(policy, 'fails')).toBe('failed')
    expect(await lab.call(policy)).toBe('OPEN')
    expect(events).toEqual(['degraded'])
  })

  it('it probes once, after a cooldown that is up to half as long again', async () => {
    const { policy } = await gone()
    await lab.call(policy, 'fails')
    await lab.pass(12_400)
    expect(await lab.call(policy)).toBe('OPEN')
    await lab.pass(200)
    const probe = await policy.acquire()
    expect(probe.probe).toBe(true)
    expect(await lab.call(policy)).toBe('HALF_OPEN')
    await probe.success()
    expect(await lab.call(policy)).toBe('value')
    expect(await lab.call(policy)).toBe('value')
  })

  it('nothing of that reaches the storage: not what happened after it had opened by itself', async () => {
    const { policy, network } = await gone()
    await lab.call(policy, 'fails')
    await lab.pass(12_600)
    await lab.call(policy)
    await lab.call(policy)
    back(network)
    await lab.pass(30_000)
    await lab.call(policy)
    await lab.pass(100)
    expect(await lab.row()).toMatchObject({ status: 'CLOSED', generation: 0 })
  })

  it('a breaker that starts then runs on a blank state, and rejects nothing', async () => {
    const { policy, network } = lab.breaker(hooks)
    network.usual = refused()
    expect(await lab.call(policy)).toBe('value')
    expect(await lab.call(policy)).toBe('value')
    expect(policy.status).toBe('CLOSED')
  })

  it("all calls are let through where whenDegraded is 'allow'", async () => {
    const { policy } = await gone({ whenDegraded: 'allow' })
    for (let i = 0; i < 10; i++) expect(await lab.call(policy, 'fails')).toBe('failed')
  })

  it("all calls are rejected where whenDegraded is 'reject'", async () => {
    const { policy } = await gone({ whenDegraded: 'reject' })
    expect(await lab.call(policy)).toBe('DEGRADED')
  })

  it('a call of strong consistency waits once, and then goes on by itself', async () => {
    const { policy, network } = await warm({ consistency: 'strong' })
    network.usual = hangs
    expect(await lab.callWithin(499, policy)).toBe('still waiting')
    await lab.pass(1)
    for (let i = 0; i < 5; i++) expect(await lab.callWithin(0, policy)).toBe('value')
  })
})

describe('a storage that answers again', () => {
  it('is read first; what still matches is sent then, and its word counts', async () => {
    const { policy, network } = await warm()
    network.usual = refused()
    await lab.call(policy, 'fails')
    await lab.pass(0)
    network.sent.length = 0
    back(network)
    await lab.pass(1_300)
    await lab.call(policy)
    await lab.pass(100)
    expect(network.sent.slice(0, 2).map(({ outcomes }) => outcomes)).toEqual([[null], ['01']])
    expect(events).toEqual(['degraded', 'recovered'])
    expect((await lab.log()).startsWith('000001')).toBe(true)
  })

  it('lifts what a breaker decided by itself', async () => {
    const { policy, network } = await warm()
    network.usual = refused()
    await lab.call(policy, 'fails')
    await lab.pass(0)
    await lab.call(policy, 'fails')
    expect(await lab.call(policy)).toBe('OPEN')
    await lab.breaker().policy.reset()
    back(network)
    await lab.pass(1_300)
    expect(await lab.call(policy)).toBe('OPEN')
    await lab.pass(10)
    expect(await lab.call(policy)).toBe('value')
    await lab.pass(100)
    expect(await lab.log()).not.toContain('1')
  })
})

describe('a storage that is flushed', () => {
  it('is waited for as long as what is under way and one more try take, however many breakers hold something', async () => {
    const { network, policy } = lab.breaker()
    const others = ['a', 'b', 'c'].map(
      (resourceKey) => lab.breaker({ resourceKey }, network).policy,
    )
    for (const each of [policy, ...others]) await lab.call(each)
    await lab.pass(100)
    network.usual = hangs
    for (const each of [policy, ...others]) await lab.call(each, 'fails')
    let done = false
    void flushStorage(network).then(() => {
      done = true
    })
    await lab.pass(9_900)
    expect(done).toBe(false)
    await lab.pass(200)
    expect(done).toBe(true)
  })
})
