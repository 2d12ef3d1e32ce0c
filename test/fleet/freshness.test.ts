import { beforeEach, describe, expect, it } from 'vitest'
import { hangs, Lab, late } from './lab.ts'

let lab: Lab
beforeEach(() => {
  lab = new Lab()
})

describe('a closed breaker', () => {
  it('reads once when it is cold, and does no I/O while it is fresh', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker()
    for (let i = 0; i < 100; i++) expect(await lab.call(policy)).toBe('value')
    await lab.pass(3_900)
    expect(await lab.call(policy)).toBe('value')
    expect(network.sent).toHaveLength(1)
  })

  it('reads once for all calls that find it cold at the same time', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker()
    network.usual = late(lab, 60)
    const calls = Array.from({ length: 10 }, () => lab.call(policy))
    await lab.pass(80)
    expect(await Promise.all(calls)).toEqual(Array(10).fill('value'))
    expect(network.sent).toHaveLength(1)
  })

  it('does not hang with a read that another call sent and that never comes back', async () => {
    const { policy, network } = lab.breaker()
    network.next(hangs)
    void lab.call(policy)
    expect(await lab.callWithin(500, policy)).toBe('value')
    expect(network.sent).toHaveLength(2)
  })

  it('is refreshed behind the back of a call past 80 % of the bound', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    await lab.pass(4_900)
    network.next(late(lab, 300))
    expect(await lab.call(policy)).toBe('value')
    expect(network.sent).toHaveLength(2)
    await lab.pass(300)
    await lab.call(policy)
    expect(network.sent).toHaveLength(2)
  })

  it('is refreshed before a call past the bound, and so stops a quiet isolate without a failure of its own', async () => {
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    await lab.othersReport('0011')
    expect(await lab.call(policy)).toBe('value')
    await lab.pass(5_000)
    network.next(late(lab, 100))
    expect(await lab.callWithin(100, policy)).toBe('OPEN')
  })

  it("goes on with a stale view where onStale is 'admit'", async () => {
    const { policy, network } = lab.breaker({ onStale: 'admit' })
    await lab.call(policy)
    await lab.othersReport('0011')
    await lab.pass(5_000)
    network.next(late(lab, 100))
    expect(await lab.call(policy)).toBe('value')
    await lab.pass(100)
    expect(await lab.call(policy)).toBe('OPEN')
  })

  it('reads anew after its clock stepped back', async () => {
    const { policy, network } = lab.breaker()
    await lab.call(policy)
    const before = network.sent.length
    lab.skew = -3_600_000
    await lab.call(policy)
    expect(network.sent.length).toBe(before + 1)
    await lab.othersReport('0011')
    await lab.pass(5_000)
    expect(await lab.call(policy)).toBe('OPEN')
  })
})

describe('an open breaker', () => {
  const opened = async () => {
    await lab.othersReport('0011')
    const { policy, network } = lab.breaker()
    expect(await lab.call(policy)).toBe('OPEN')
    return { policy, network }
  }

  it('rejects without I/O', async () => {
    const { policy, network } = await opened()
    await lab.pass(3_900)
    for (let i = 0; i < 10; i++) expect(await lab.call(policy)).toBe('OPEN')
    expect(network.sent).toHaveLength(1)
  })

  it("sees an operator's close within the bound, and no call waits for that", async () => {
    const { policy, network } = await opened()
    await lab.breaker().policy.close()
    await lab.pass(4_900)
    network.next(late(lab, 50))
    expect(await lab.call(policy)).toBe('OPEN')
    await lab.pass(50)
    expect(await lab.call(policy)).toBe('value')
  })

  it('asks at a random time after its cooldown: a tenth of it, and at most a second', async () => {
    lab.chance = 0.9
    const { policy, network } = await opened()
    await lab.pass(10_100)
    expect(await lab.callWithin(0, policy)).toBe('OPEN')
    const asks = () => network.sent.filter(({ kind }) => kind === 'acquire').length
    await lab.pass(700)
    expect(await lab.callWithin(0, policy)).toBe('OPEN')
    expect(asks()).toBe(0)
    await lab.pass(200)
    expect(await lab.callWithin(0, policy)).toBe('value')
    expect(asks()).toBe(1)
  })

  it('lets a cold isolate ask at once after the cooldown: it may not live for a second call', async () => {
    lab.chance = 0.9
    await lab.othersReport('0011')
    await lab.pass(10_000)
    const { policy, network } = lab.breaker()
    expect(await lab.call(policy)).toBe('value')
    expect(network.sent.map(({ kind }) => kind)).toContain('acquire')
  })
})

describe('a half-open breaker', () => {
  const halfOpen = async () => {
    await lab.othersReport('0011')
    await lab.pass(10_000)
    const prober = lab.breaker({ consistency: 'strong' }).policy
    await prober.acquire()
  }

  it('asks the storage for every call', async () => {
    await halfOpen()
    const { policy, network } = lab.breaker()
    const acquired = Promise.all([policy.acquire(), policy.acquire(), policy.acquire()])
    await lab.pass(20)
    const permits = await acquired
    expect(permits.map(({ probe }) => probe)).toEqual([true, true, true])
    expect(network.sent.filter(({ kind }) => kind === 'acquire')).toHaveLength(3)
  })

  it('rejects without I/O for a while after the storage did: as long as the lease that it waits for, within the bound', async () => {
    lab.chance = 0
    await halfOpen()
    const holder = lab.breaker().policy
    for (let i = 0; i < 3; i++) await holder.acquire()
    const { policy, network } = lab.breaker()
    expect(await lab.call(policy)).toBe('HALF_OPEN')
    const asked = network.sent.length
    await lab.pass(3_900)
    expect(await lab.call(policy)).toBe('HALF_OPEN')
    expect(network.sent).toHaveLength(asked)
    await lab.pass(100)
    expect(await lab.call(policy)).toBe('HALF_OPEN')
    expect(network.sent.at(-1)!.kind).toBe('acquire')
  })

  it('is asked again as soon as this isolate sees a place that is free, in the same generation or a later one', async () => {
    await halfOpen()
    const holder = lab.breaker({ cooldown: '1s' }).policy
    const permits = [await holder.acquire(), await holder.acquire(), await holder.acquire()]
    const [one, other] = [lab.breaker().policy, lab.breaker({ cooldown: '1s' }).policy]
    expect([await lab.call(one), await lab.call(other)]).toEqual(['HALF_OPEN', 'HALF_OPEN'])
    await permits[0]!.release()
    await holder.flush()
    await one.refresh()
    expect(await lab.call(one)).toBe('value')
    for (const permit of permits) await permit.failure(new Error('down'))
    await holder.flush()
    expect(await lab.row()).toMatchObject({ status: 'OPEN' })
    await lab.pass(1_200)
    await holder.acquire()
    await other.refresh()
    expect(await lab.call(other)).toBe('value')
  })

  it('is asked by one isolate at most as often at once as probes may be out; asks that never come back do not count for ever', async () => {
    await halfOpen()
    const { policy, network } = lab.breaker({ probeConcurrency: 2 })
    await lab.callWithin(0, policy)
    network.usual = hangs
    const calls = [lab.call(policy), lab.call(policy), lab.call(policy)]
    await lab.pass(0)
    expect(network.sent.filter(({ kind }) => kind === 'acquire')).toHaveLength(1 + 2)
    expect(await calls[2]).toBe('HALF_OPEN')
    network.usual = (proceed) => proceed()
    await lab.pass(60_000)
    expect(await lab.call(policy)).toBe('value')
  })

  it('is given back a probe that came too late for its call', async () => {
    await halfOpen()
    const { policy, network } = lab.breaker()
    network.next((proceed) => proceed(), late(lab, 800))
    expect(await lab.callWithin(500, policy)).toBe('HALF_OPEN')
    await lab.pass(400)
    const others = lab.breaker().policy
    for (let i = 0; i < 3; i++) expect((await others.acquire()).probe).toBe(true)
  })
})
