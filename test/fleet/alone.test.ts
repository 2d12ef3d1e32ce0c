import { beforeEach, describe, expect, it } from 'vitest'
import type { Notice } from '../../src/breaker/notice.ts'
import { hangs, Lab, late, refused } from './lab.ts'

let lab: Lab
let notices: Notice[]
beforeEach(() => {
  lab = new Lab()
  notices = []
})

const alone = (options: Parameters<Lab['breaker']>[0] = {}) =>
  lab.breaker({
    failureLimit: { numerator: 5, denominator: 10 },
    onNotice: (notice) => void notices.push(notice),
    ...options,
  })

/** Failing calls, every 100 ms. @returns how many of them were made */
const failingCalls = async (
  { policy }: Pick<ReturnType<typeof alone>, 'policy'>,
  calls: number,
): Promise<number> => {
  let made = 0
  for (let i = 0; i < calls; i++) {
    void policy
      .execute(() => {
        made++
        throw new Error('down')
      })
      .catch(() => {})
    await lab.pass(100)
  }
  return made
}

describe('an isolate on a storage that stays silent', () => {
  it.each([
    ['bounded staleness', {}],
    ['strong consistency', { consistency: 'strong' }],
    ['stale views', { onStale: 'admit' }],
  ] as const)('stops by its own outcomes when it never had an answer: %s', async (_, options) => {
    const made = alone(options)
    made.network.usual = hangs
    // Those that came in while the first one waited were made together.
    expect(await failingCalls(made, 60)).toBeLessThanOrEqual(15)
    expect(made.policy.status).toBe('OPEN')
  })

  it('stops by what it knew and its own outcomes when its view is old', async () => {
    await lab.othersReport('0000000000')
    const made = alone()
    await lab.call(made.policy)
    await lab.pass(6_000)
    made.network.usual = hangs
    expect(await failingCalls(made, 60)).toBeLessThanOrEqual(10)
  })

  it('takes the word of the storage once that answers', async () => {
    const made = alone()
    made.network.next(late(lab, 3_000))
    made.network.usual = hangs
    await failingCalls(made, 20)
    expect(made.policy.status).toBe('OPEN')
    await lab.pass(2_000)
    expect(made.policy.snapshot?.status).toBe('CLOSED')
  })
})

describe('a breaker whose values the storage refuses', () => {
  it.each(['strong', { maxStaleness: '5s' }] as const)(
    'protects its own isolate, and says so once: %j',
    async (consistency) => {
      const made = alone({ consistency })
      made.network.usual = refused('BAD_DATA')
      expect(await failingCalls(made, 60)).toBeLessThanOrEqual(11)
      expect(await lab.call(made.policy)).toBe('OPEN')
      expect(notices.map(({ code }) => code)).toEqual(['REPORTS_REFUSED'])
      expect(made.network.sent.length).toBeLessThanOrEqual(12)
    },
  )

  it.each(['strong', { maxStaleness: '5s' }] as const)(
    'does so where it may read, and stays open over what it reads: %j',
    async (consistency) => {
      const made = alone({ consistency, cooldown: '1h' })
      made.network.usual = (proceed) => {
        const { outcomes } = made.network.sent.at(-1)!
        return outcomes.some((outcome) => outcome !== null)
          ? refused('BAD_DATA')(proceed)
          : proceed()
      }
      expect(await failingCalls(made, 60)).toBeLessThanOrEqual(12)
      expect(await failingCalls(made, 600)).toBe(0)
      expect(notices.map(({ code }) => code)).toEqual(['REPORTS_REFUSED'])
    },
  )

  it('says so where it has only read, and leaves the storage alone for a while', async () => {
    const made = alone({ classify: () => 'ignored' })
    made.network.usual = refused('BAD_DATA')
    for (let i = 0; i < 5; i++) expect(await lab.call(made.policy)).toBe('value')
    expect(notices.map(({ code }) => code)).toEqual(['REPORTS_REFUSED'])
    expect(made.network.sent.map(({ outcomes }) => outcomes)).toEqual([[null]])
  })

  it('does not trouble the other breakers of its storage', async () => {
    const made = alone()
    made.network.usual = (proceed) =>
      made.network.sent.at(-1)!.keys.includes('dependency')
        ? refused('BAD_DATA')(proceed)
        : proceed()
    const degraded: unknown[] = []
    const other = lab.breaker(
      { resourceKey: 'other', onDegraded: (_, error) => void degraded.push(error) },
      made.network,
    ).policy
    await lab.call(other)
    await failingCalls(made, 20)
    await lab.call(other, 'fails')
    await lab.pass(5_000)
    expect(degraded).toEqual([])
    expect(await lab.log('other')).toContain('1')
  })

  it('is itself again once a report is taken', async () => {
    const made = alone()
    made.network.usual = refused('BAD_DATA')
    await failingCalls(made, 3)
    made.network.usual = (proceed) => proceed()
    await lab.pass(60_000)
    await failingCalls(made, 12)
    expect(await lab.row()).toMatchObject({ status: 'OPEN' })
  })

  it('obeys an order that it may read', async () => {
    const made = alone({ cooldown: '1h' })
    made.network.usual = (proceed) =>
      made.network.sent.at(-1)!.outcomes[0] === null ? proceed() : refused('BAD_DATA')(proceed)
    await failingCalls(made, 20)
    expect(await lab.call(made.policy)).toBe('OPEN')
    await lab.breaker().policy.reset()
    await lab.pass(60_000)
    await lab.call(made.policy)
    expect(await lab.call(made.policy)).toBe('value')
  })
})

it('a flush of a storage sends what many breakers hold in few requests', async () => {
  const { flushStorage } = await import('../../src/fleet/shared-line.ts')
  await lab.othersReport('0000')
  const { network, policy } = alone()
  const others = Array.from({ length: 80 }, (_, i) => lab.breaker({ resourceKey: `${i}` }, network))
  network.usual = refused()
  await lab.call(policy, 'fails')
  for (const other of others) await lab.call(other.policy, 'fails')
  network.usual = (proceed) => proceed()
  network.sent.length = 0
  await lab.pass(1_000)
  await flushStorage(network)
  expect(network.sent.length).toBeLessThanOrEqual(4)
  for (let i = 0; i < 80; i++) expect(await lab.log(`${i}`)).toBe('1')
})
