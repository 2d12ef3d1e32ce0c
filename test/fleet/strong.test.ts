import { beforeEach, describe, expect, it } from 'vitest'
import type { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import type { Dropped } from '../../src/breaker/listener.ts'
import { failureRate } from '../../src/core/limits.ts'
import { hangs, Lab, late, type Network, refused } from './lab.ts'

const WIDE = { numerator: 1_000, denominator: 1_000 } as const
/** As many connections as a Worker may have. */
const MOST_AT_ONCE = 6

let lab: Lab
let dropped: Dropped[]
beforeEach(() => {
  lab = new Lab()
  dropped = []
})

const strong = (options: Parameters<Lab['breaker']>[0] = {}) =>
  lab.breaker({
    consistency: 'strong',
    failureLimit: WIDE,
    onDropped: (_, what) => void dropped.push(what),
    ...options,
  })

/** Calls one after the other, while the storage fails each operation at once. */
const callsDuringOutage = async (
  { policy, network }: { policy: CircuitProtectorPolicy; network: Network },
  calls: number,
  outcome: 'ok' | 'fails',
) => {
  network.usual = refused()
  for (let i = 0; i < calls; i++) await lab.call(policy, outcome)
}

/** Counts the operations that are under way at once. */
const watched = (network: Network) => {
  const seen = { now: 0, most: 0 }
  const usual = network.usual
  network.usual = async (proceed) => {
    seen.most = Math.max(seen.most, ++seen.now)
    try {
      return await usual(proceed)
    } finally {
      seen.now--
    }
  }
  return seen
}

const sentBy = (network: Network): string[] =>
  network.sent.flatMap(({ outcomes }) => outcomes.filter((outcome) => outcome !== null))

describe('strong consistency during an outage', () => {
  it.each(['ok', 'fails'] as const)(
    'keeps no more than maxBuffered outcomes of calls that end: %s',
    async (outcome) => {
      const made = strong({ maxBuffered: 50 })
      await callsDuringOutage(made, 500, outcome)
      made.network.usual = (proceed) => proceed()
      await lab.pass(60_000)
      await made.policy.flush()
      const stored = (await lab.log()).length
      const told = dropped.reduce((sum, { outcomes }) => sum + outcomes, 0)
      expect(stored).toBeLessThanOrEqual(50)
      expect(stored + told).toBe(500)
    },
  )

  it('keeps no more than maxBuffered successes of a time window', async () => {
    const made = strong({
      failureLimit: failureRate(0.5, { over: '60s', minimumThroughput: 1_000 }),
      maxBuffered: 50,
    })
    await callsDuringOutage(made, 500, 'ok')
    expect(dropped.reduce((sum, { outcomes }) => sum + outcomes, 0)).toBe(450)
  })

  it('does no more for a failure behind 20,000 successes than behind none', async () => {
    const made = strong()
    await callsDuringOutage(made, 20_000, 'ok')
    made.network.sent.length = 0
    await lab.call(made.policy, 'fails')
    made.network.usual = (proceed) => proceed()
    await lab.pass(60_000)
    await made.policy.flush()
    expect(sentBy(made.network).length).toBeLessThanOrEqual(2)
  })

  it('is left with few requests to make: flush stores all that waits', async () => {
    const made = strong()
    await callsDuringOutage(made, 41, 'fails')
    made.network.usual = (proceed) => proceed()
    made.network.sent.length = 0
    await lab.pass(5_000)
    await made.policy.flush()
    expect((await lab.log()).match(/1/g)).toHaveLength(41)
    expect(made.network.sent.length).toBeLessThanOrEqual(4)
    await made.policy.dispose()
    expect(dropped).toEqual([])
  })

  it('tells at dispose of what the storage did not take', async () => {
    const made = strong()
    await callsDuringOutage(made, 41, 'fails')
    const disposed = made.policy.dispose()
    await lab.pass(20_000)
    await disposed
    expect(dropped.reduce((sum, { outcomes }) => sum + outcomes, 0)).toBe(41)
  })
})

describe('strong consistency on a storage that stays silent', () => {
  it('has few operations under way at once, whatever the number of calls', async () => {
    const { policy, network } = strong()
    network.usual = hangs
    const seen = watched(network)
    for (let i = 0; i < 300; i++) {
      void lab.call(policy, i % 2 === 0 ? 'ok' : 'fails')
      await lab.pass(3)
    }
    expect(seen.most).toBeLessThanOrEqual(MOST_AT_ONCE)
    expect(network.sent.length).toBeLessThanOrEqual(MOST_AT_ONCE)
  })

  it('tells the storage when nobody waits for an operation any more: after operationTimeout', async () => {
    const { policy, network } = strong({ operationTimeout: '2s' })
    network.usual = hangs
    void lab.call(policy)
    await lab.pass(1_999)
    expect(network.signals.map((signal) => signal?.aborted)).toEqual(
      network.signals.map(() => false),
    )
    await lab.pass(600)
    expect(network.signals[0]?.aborted).toBe(true)
  })

  it('tells it so of reads, reports and commands, too', async () => {
    const { policy, network } = lab.breaker({ operationTimeout: '2s' })
    network.usual = hangs
    void lab.call(policy, 'fails')
    const failed = policy.refresh().catch((error: Error) => error.message)
    await lab.pass(10_000)
    expect(network.signals.length).toBeGreaterThan(1)
    expect(network.signals.every((signal) => signal?.aborted)).toBe(true)
    expect(await failed).toMatch(/no answer/)
  })

  it('lets no call wait longer than storageTimeout, for its admission and its report together', async () => {
    const { policy, network } = strong({ storageTimeout: '500ms' })
    network.usual = late(lab, 400)
    const waited = lab.waitOf(policy)
    await lab.pass(2_000)
    expect(await waited).toBe(500)
    expect(await lab.log()).toBe('0')
  })

  it('lets a call that was admitted by permit wait no longer than that either', async () => {
    const { policy, network } = strong({ storageTimeout: '500ms' })
    network.usual = late(lab, 400)
    const began = lab.elapsed
    const settled = policy
      .acquire()
      .then((permit) => permit.success())
      .then(() => lab.elapsed - began)
    await lab.pass(2_000)
    expect(await settled).toBe(500)
  })
})

describe('strong consistency on a storage that is well', () => {
  it('admits and stores a hundred calls at once, with few operations at a time', async () => {
    const { policy, network } = strong()
    network.usual = late(lab, 30)
    const seen = watched(network)
    const calls = Array.from({ length: 100 }, () => lab.call(policy))
    await lab.pass(400)
    expect(await Promise.all(calls)).toEqual(Array(100).fill('value'))
    expect((await lab.log()).length).toBe(100)
    expect(seen.most).toBe(MOST_AT_ONCE)
  })

  it('rejects calls by no answer that is older than they are', async () => {
    const { policy, network } = strong()
    network.usual = late(lab, 30)
    const before = Array.from({ length: MOST_AT_ONCE }, () => lab.call(policy))
    await lab.pass(10)
    await lab.breaker().policy.open()
    const after = lab.call(policy)
    await lab.pass(400)
    expect(await after).toBe('OPEN')
    await Promise.all(before)
  })
})
