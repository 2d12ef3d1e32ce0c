import { beforeEach, describe, expect, it } from 'vitest'
import type { Notice } from '../../src/breaker/notice.ts'
import type { ExchangeRequest } from '../../src/fleet/port.ts'
import { fraction, InvalidOptionError } from '../../src/index.ts'
import { StorageError } from '../../src/postgres/errors.ts'
import { Lab, Network, refused } from './lab.ts'

let lab: Lab
let told: string[]
const hooks = {
  onDegraded: () => void told.push('degraded'),
  onRecovered: () => void told.push('recovered'),
}
beforeEach(() => {
  lab = new Lab()
  told = []
})

describe('a storage that reads and does not write', () => {
  /** It refuses whatever would write, as a standby does. */
  class Standby extends Network {
    readonly writes: number[] = []
    isStandby = false

    override exchange(requests: readonly ExchangeRequest[]) {
      if (requests.some(({ report }) => report !== undefined)) this.#write()
      return super.exchange(requests)
    }

    override acquire(request: Parameters<Network['acquire']>[0]) {
      if (request.expected !== 'CLOSED') this.#write()
      return super.acquire(request)
    }

    #write(): void {
      this.writes.push(lab.elapsed)
      if (this.isStandby) this.next(refused('STORAGE_FAILED'))
    }
  }

  const bench = async (options: Parameters<Lab['breaker']>[0] = {}) => {
    await lab.othersReport('0000')
    const network = new Standby(lab)
    const { policy } = lab.breaker({ ...hooks, failureLimit: fraction(2, 4), ...options }, network)
    await lab.call(policy)
    await lab.pass(10)
    network.isStandby = true
    network.writes.length = 0
    return { policy, network }
  }
  const busy = async (
    policy: Parameters<Lab['call']>[0],
    seconds: number,
    outcome: 'ok' | 'fails' = 'fails',
  ) => {
    for (let i = 0; i < 10 * seconds; i++) {
      void lab.call(policy, outcome)
      await lab.pass(100)
    }
  }

  it.each([
    ['bounded staleness', {}],
    ['strong consistency', { consistency: 'strong' as const }],
    ['outcomes that are soon too old', { maxOutcomeAge: '1s' as const }],
  ])('is told of once, and tried after pauses that grow: with %s', async (_, options) => {
    const { policy, network } = await bench(options)
    await busy(policy, 100)
    expect(told).toEqual(['degraded'])
    expect(network.writes.length).toBeLessThan(12)
    const pauses = network.writes.slice(1).map((at, i) => at - network.writes[i]!)
    expect(Math.max(...pauses)).toBeGreaterThan(20_000)
  })

  it('has recovered when a write works, and not before', async () => {
    const { policy, network } = await bench()
    await busy(policy, 20)
    network.isStandby = false
    const before = network.writes.length
    expect(told).toEqual(['degraded'])
    await busy(policy, 60, 'ok')
    expect(network.writes.length).toBeGreaterThan(before)
    expect(told).toEqual(['degraded', 'recovered'])
    expect(policy.status).toBe('CLOSED')
  })
})

describe('a storage that loses an operation now and then', () => {
  it('is left alone no longer than after the first loss, where a report between says nothing new', async () => {
    await lab.othersReport('0000')
    const { policy, network } = lab.breaker({ ...hooks, failureLimit: fraction(4, 4) })
    await lab.call(policy)
    await lab.pass(10)
    // The report arrives, its answer does not; meanwhile others report so often that the row forgets it.
    network.next(async (proceed) => {
      await proceed()
      throw new Error('the connection was reset')
    })
    await lab.call(policy, 'fails')
    await lab.othersReport('0'.repeat(140))
    await lab.pass(1_300)
    await lab.call(policy)
    await lab.pass(50)
    expect(told).toEqual(['degraded'])
    // Nobody can say any more whether it was counted.
    expect(network.sent.map(({ outcomes }) => outcomes[0])).toEqual([null, '01', null, '01'])
    network.next(refused('STORAGE_FAILED'))
    await lab.call(policy, 'fails')
    await lab.pass(1_300)
    const before = network.sent.length
    await lab.call(policy)
    expect(network.sent.length).toBeGreaterThan(before)
  })
})

describe('a storage that fails', () => {
  const gone = new StorageError('SCHEMA_MISSING', 'the tables are missing: run pg-setup', '42P01')

  it('is noted once for all its breakers, with its code and what to do', async () => {
    const notices: Notice[] = []
    const options = { onNotice: (notice: Notice) => void notices.push(notice) }
    const { network, policy } = lab.breaker(options)
    const other = lab.breaker({ ...options, resourceKey: 'another' }, network).policy
    network.usual = () => Promise.reject(gone)
    for (let i = 0; i < 100; i++) {
      await lab.callWithin(100, policy)
      await lab.callWithin(100, other, 'fails')
    }
    expect(notices).toEqual([
      { code: 'STORAGE_FAILED', message: expect.stringContaining('SCHEMA_MISSING'), error: gone },
    ])
    expect(notices[0]!.message).toContain('run pg-setup')
  })

  it('is noted again for another kind of failure, and in another outage', async () => {
    const codes: unknown[] = []
    const { network, policy } = lab.breaker({
      onNotice: ({ error }) => void codes.push((error as StorageError).code),
    })
    const fail = async (error: unknown) => {
      network.usual = () => Promise.reject(error)
      for (let i = 0; i < 100; i++) await lab.callWithin(1_000, policy, 'fails')
    }
    await fail(gone)
    await fail(new StorageError('ACCESS_DENIED', 'no', '28P01'))
    await fail(gone)
    expect(codes).toEqual(['SCHEMA_MISSING', 'ACCESS_DENIED'])
    network.usual = (proceed) => proceed()
    for (let i = 0; i < 100; i++) await lab.callWithin(1_000, policy)
    await fail(gone)
    expect(codes).toEqual(['SCHEMA_MISSING', 'ACCESS_DENIED', 'SCHEMA_MISSING'])
  })

  it('does not show the words of a storage of somebody else: they may hold a password', async () => {
    const messages: string[] = []
    const { network, policy } = lab.breaker({
      onNotice: ({ message }) => void messages.push(message),
    })
    const error = new InvalidOptionError('url', 'right', 'postgres://me:secret@host/db')
    network.usual = () => Promise.reject(Object.assign(new Error(error.message), { code: 'MINE' }))
    await lab.callWithin(0, policy)
    expect(messages).toHaveLength(1)
    expect(messages[0]).toContain('MINE')
    expect(messages[0]).not.toContain('secret')
  })
})
