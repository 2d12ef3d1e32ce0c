import { beforeEach, describe, expect, it } from 'vitest'
import type { Dropped, StatusChange } from '../../src/breaker/listener.ts'
import { answerLost, hangs, Lab, late, refused } from './lab.ts'

const PATIENT = { failureLimit: { numerator: 4, denominator: 4 } } as const

let lab: Lab
let dropped: Dropped[]
const onDropped = (_: unknown, what: Dropped) => void dropped.push(what)
beforeEach(() => {
  lab = new Lab()
  dropped = []
})

/** A breaker that has read, and may flush at once. */
const warm = async (options: Parameters<Lab['breaker']>[0] = {}, others = '0000') => {
  await lab.othersReport(others)
  const made = lab.breaker({ ...PATIENT, onDropped, ...options })
  await lab.call(made.policy)
  await lab.pass(10)
  return made
}

describe('a report', () => {
  it('whose answer was lost after the storage had counted it is not counted again', async () => {
    const { policy, network } = await warm()
    network.next(answerLost)
    await lab.call(policy, 'fails')
    await lab.pass(2_000)
    await lab.call(policy)
    await lab.pass(100)
    expect(await lab.log()).toMatch(/^0000010*$/)
    expect(network.sent.filter(({ outcomes }) => outcomes[0] === '01')).toHaveLength(2)
    expect(dropped).toEqual([])
  })

  it('that never arrived is sent again as it was, and what came since behind it', async () => {
    const { policy, network } = await warm()
    network.next(hangs)
    await lab.call(policy, 'fails')
    await lab.pass(100)
    await lab.call(policy, 'fails')
    await lab.pass(8_000)
    await lab.call(policy)
    await lab.pass(100)
    expect(await lab.log()).toBe('00000110')
    expect(
      network.sent.flatMap(({ outcomes }) => outcomes).filter((outcome) => outcome !== null),
    ).toEqual(['01', '01', '10'])
  })

  it('tells of the transition that it made even where its first answer was lost', async () => {
    const changes: StatusChange[] = []
    const { policy, network } = await warm({
      failureLimit: { numerator: 1, denominator: 4 },
      onStatusChange: (_policy, _from, _to, change) => void changes.push(change),
    })
    network.next(answerLost)
    await lab.call(policy, 'fails')
    await lab.pass(2_000)
    await lab.call(policy)
    await lab.pass(2_000)
    expect(changes.filter(({ origin }) => origin === 'self')).toHaveLength(1)
  })

  it('that the storage cannot tell from a repeat goes again under a new name, if it is the only copy', async () => {
    const { policy, network } = await warm()
    await lab.othersReport('0'.repeat(130))
    await lab.call(policy, 'fails')
    await lab.pass(100)
    expect(network.sent.filter(({ outcomes }) => outcomes[0] === '01')).toHaveLength(2)
    expect((await lab.log()).slice(-2)).toBe('01')
    expect(dropped).toEqual([])
  })

  it('that the storage cannot tell from a repeat is dropped and reported, where another copy may have been counted', async () => {
    const { policy, network } = await warm()
    network.next(answerLost)
    await lab.call(policy, 'fails')
    await lab.othersReport('0'.repeat(130))
    await lab.pass(2_000)
    await lab.call(policy)
    await lab.pass(100)
    expect(dropped).toEqual([{ outcomes: 2, why: 'unknown' }])
    expect((await lab.log()).match(/1/g)).toHaveLength(1)
  })

  it('of a generation that has passed is not sent any more, but for a wish to be left alone', async () => {
    for (const retryAfterMs of [undefined, 60_000]) {
      lab = new Lab()
      const classification = retryAfterMs === undefined ? {} : { retryAfterMs }
      const classify = ({ ok }: { ok: boolean }) =>
        ok ? undefined : { outcome: 'failure' as const, ...classification }
      const { policy, network } = await warm({ classify })
      const permit = await policy.acquire()
      await lab.othersReport('11')
      await lab.pass(5_000)
      expect(await lab.call(policy)).toBe('OPEN')
      const before = network.sent.length
      await permit.failure(new Error('failed'))
      await lab.pass(100)
      const told = network.sent.slice(before).flatMap(({ outcomes }) => outcomes)
      expect(told.includes('1')).toBe(retryAfterMs !== undefined)
    }
  })

  it('with a value that the database refuses is refused alone, and what travelled beside it is stored', async () => {
    const { policy, network } = await warm()
    const other = lab.breaker({ ...PATIENT, onDropped, resourceKey: 'other' }, network)
    await lab.call(other.policy)
    await lab.pass(1_000)
    const refusesBad: typeof network.usual = (proceed) =>
      network.sent.at(-1)!.keys.includes('other') ? refused('BAD_DATA')(proceed) : proceed()
    network.next(late(lab, 50))
    await lab.call(policy, 'fails')
    await lab.call(other.policy, 'fails')
    network.usual = refusesBad
    await lab.pass(2_000)
    await lab.call(policy, 'fails')
    await lab.pass(2_000)
    expect(dropped.map(({ why }) => why)).toContain('refused')
    expect(await lab.log()).toBe('0000011')
    expect(await lab.log('other')).not.toContain('1')
    expect(policy.status).toBe('CLOSED')
  })
})

describe('an exchange', () => {
  it('takes along what all breakers of its storage have to say, up to fifty of them', async () => {
    const { policy, network } = await warm({ resourceKey: 'breaker 0' })
    const breakers = [policy]
    for (let i = 1; i < 60; i++)
      breakers.push(lab.breaker({ ...PATIENT, resourceKey: `breaker ${i}` }, network).policy)
    for (const each of breakers.slice(1)) await lab.call(each)
    await lab.pass(5_000)
    network.sent.length = 0
    await lab.call(policy)
    await lab.pass(0)
    expect(network.sent.map(({ keys }) => keys.length)).toEqual([50])
    expect(new Set(network.sent[0]!.keys).size).toBe(50)
  })
})

describe('what waits for the storage', () => {
  it('is bounded: the oldest is dropped, and reported', async () => {
    const { policy, network } = await warm({
      maxBuffered: 5,
      failureLimit: { numerator: 1_000, denominator: 1_000 },
    })
    network.usual = refused()
    for (let i = 0; i < 8; i++) await lab.call(policy, 'fails')
    await lab.pass(0)
    const total = dropped.reduce((sum, { outcomes }) => sum + outcomes, 0)
    expect(dropped.every(({ why }) => why === 'overflow')).toBe(true)
    expect(total).toBe(3)
  })

  it('never is so many successes that they would have to be reported as dropped', async () => {
    const { policy } = await warm({ maxBuffered: 50 })
    for (let i = 0; i < 200; i++) await lab.call(policy)
    await lab.call(policy, 'fails')
    await lab.pass(100)
    expect(dropped).toEqual([])
  })

  it('is dropped and reported when it is older than it may be', async () => {
    const { policy, network } = await warm({ maxOutcomeAge: '3s' })
    network.usual = refused()
    await lab.call(policy, 'fails')
    await lab.pass(4_000)
    network.usual = (proceed) => proceed()
    await lab.call(policy)
    await lab.pass(100)
    expect(dropped).toEqual([{ outcomes: 2, why: 'age' }])
    expect(await lab.log()).not.toContain('1')
  })

  it('is sent by flush, which waits for what is under way already', async () => {
    const { policy, network } = await warm()
    network.next(late(lab, 300))
    await lab.call(policy, 'fails')
    await lab.call(policy)
    let flushed = false
    void policy.flush().then(() => {
      flushed = true
    })
    await lab.pass(290)
    expect(flushed).toBe(false)
    await lab.pass(20)
    expect(flushed).toBe(true)
    expect(await lab.log()).toBe('0000010')
    expect(network.sent).toHaveLength(3)
  })

  it('is sent by dispose, after which the breaker takes no part in exchanges', async () => {
    const { policy, network } = await warm()
    const other = lab.breaker({ ...PATIENT, resourceKey: 'other' }, network).policy
    await lab.call(other)
    await lab.pass(100)
    await policy.dispose()
    expect(await lab.log()).toBe('00000')
    await lab.pass(5_000)
    network.sent.length = 0
    await lab.call(other)
    await lab.pass(0)
    expect(network.sent.map(({ keys }) => keys)).toEqual([['other']])
  })

  it('is reported as dropped where dispose finds that the storage does not answer', async () => {
    const { policy, network } = await warm()
    network.usual = refused('STORAGE_FAILED')
    await policy.dispose()
    expect(dropped).toEqual([{ outcomes: 1, why: 'disposed' }])
  })
})

describe('onStatusChange', () => {
  it("has origin 'self' where this instance's report made the change, 'fleet' elsewhere, and says nothing of the first view", async () => {
    const seen: string[] = []
    const watch = (name: string) => ({
      onStatusChange: (_policy: unknown, from: string, to: string, { origin }: StatusChange) =>
        void seen.push(`${name}: ${from} -> ${to} ${origin}`),
    })
    const { policy } = await warm({ ...watch('a'), failureLimit: { numerator: 1, denominator: 4 } })
    const other = lab.breaker({ ...PATIENT, ...watch('b') }).policy
    await lab.call(other)
    await lab.call(policy, 'fails')
    await lab.pass(5_000)
    await lab.call(other)
    await lab.call(lab.breaker({ ...PATIENT, ...watch('c') }).policy)
    expect(seen).toEqual(['a: CLOSED -> OPEN self', 'b: CLOSED -> OPEN fleet'])
  })
})
