import { describe, expect, it } from 'vitest'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { snapshotOf } from '../../src/core/snapshot.ts'
import { halfOpen } from './script.ts'

describe('a half-open breaker', () => {
  it('lets out as many probes as its window holds', () => {
    const b = halfOpen({ successLimit: fraction(3, 5) })
    expect(new Set(b.probes(5)).size).toBe(5)
    expect(b.acquire()).toBe('rejected')
  })

  it('lets out no more at once than probeConcurrency', () => {
    const b = halfOpen({ successLimit: fraction(3, 5), probeConcurrency: 2 })
    const [first] = b.probes(2)
    expect(b.acquire()).toBe('rejected')
    b.report('0', { tokens: [first!] })
    expect(b.acquire()).toBe('probe')
    expect(b.acquire()).toBe('rejected')
  })

  it('counts results towards the window: probes out and results never exceed it', () => {
    const b = halfOpen({ successLimit: fraction(3, 3) })
    const [first, second] = b.probes(3)
    b.report('0', { tokens: [first!] })
    expect(b.acquire()).toBe('rejected')
    b.report('0', { tokens: [second!] })
    expect(b.acquire()).toBe('rejected')
  })

  it('closes at the success that makes it certain', () => {
    const b = halfOpen({ successLimit: fraction(3, 5) })
    const tokens = b.probes(5)
    b.report('0101', { tokens: tokens.slice(0, 4) })
    expect(b.state.status).toBe('HALF_OPEN')
    b.report('0', { tokens: tokens.slice(4) })
    expect(b.state).toMatchObject({
      status: 'CLOSED',
      log: '',
      opens: 0,
      cause: 'probes_succeeded',
    })
    expect(b.lines).toEqual(['HALF_OPEN > CLOSED (probes_succeeded)'])
  })

  it('opens again at the failure that makes it certain', () => {
    const b = halfOpen({ successLimit: fraction(3, 5), cooldown: '10s' })
    const tokens = b.probes(5)
    b.report('101', { tokens: tokens.slice(0, 3) })
    expect(b.state.status).toBe('HALF_OPEN')
    b.report('1', { tokens: tokens.slice(3, 4) })
    expect(b.state).toMatchObject({
      status: 'OPEN',
      log: '1011',
      opens: 2,
      openUntil: b.now + 10_000,
      cause: 'probes_failed',
    })
  })

  it('decides within a report, and drops what follows', () => {
    const b = halfOpen({ successLimit: fraction(2, 4) })
    b.report('0011', { tokens: b.probes(4) })
    expect(b.state).toMatchObject({ status: 'CLOSED', log: '' })
  })

  it.each([
    { limit: fraction(2, 3), closes: 2, opens: 2 },
    { limit: fraction(1, 5), closes: 5, opens: 1 },
    { limit: fraction(5, 5), closes: 1, opens: 5 },
    { limit: failureRate(0.5, { over: '1m' }), closes: 1, opens: 1 },
  ])(
    'is held to the failure limit where no success limit was given: case %#',
    ({ limit, closes, opens }) => {
      const good = halfOpen({ failureLimit: limit })
      for (let i = 1; i <= closes; i++) {
        expect(good.state.status).toBe('HALF_OPEN')
        good.report('0', { tokens: [good.probe()] })
      }
      expect(good.state.status).toBe('CLOSED')
      const bad = halfOpen({ failureLimit: limit })
      for (let i = 1; i <= opens; i++) {
        expect(bad.state.status).toBe('HALF_OPEN')
        bad.report('1', { tokens: [bad.probe()] })
      }
      expect(bad.state.status).toBe('OPEN')
    },
  )

  it('trips at once where the reporter says so', () => {
    const b = halfOpen({ successLimit: fraction(3, 5) })
    b.report('1', { tokens: [b.probe()], trip: true, retryAfterMs: 3_600_000 })
    expect(b.state).toMatchObject({
      status: 'OPEN',
      cause: 'retry_after',
      openUntil: b.now + 3_600_000,
      opens: 2,
    })
  })

  it('gives each probe a token of its own, even within one millisecond', () => {
    const b = halfOpen({ successLimit: fraction(9, 9) })
    expect(b.probes(3).map((token) => token - (b.now + 30_000) * 1_000)).toEqual([0, 1, 2])
  })

  it('always has one place at least, so that a window which shrinks cannot wedge it', () => {
    const b = halfOpen({ successLimit: fraction(5, 5) })
    b.report('0000', { tokens: b.probes(4) })
    b.settings = halfOpen({ successLimit: fraction(2, 2) }).settings
    expect(b.acquire()).toBe('probe')
    expect(b.acquire()).toBe('rejected')
  })
})

describe('a lease', () => {
  it('holds its place until it ends', () => {
    const b = halfOpen({ probeLease: '5s' })
    b.probe()
    b.pass(4_999)
    expect(b.acquire()).toBe('rejected')
    expect(snapshotOf(b.state, 'key', 'default', b.now).retryAfterMs).toBe(1)
    b.pass(1)
    expect(b.acquire()).toBe('probe')
  })

  it('that ended still lets its outcome count, once', () => {
    const b = halfOpen({ successLimit: fraction(3, 3), probeConcurrency: 1, probeLease: '5s' })
    const slow = b.probe()
    b.pass('5s')
    b.probe()
    expect(b.report('0', { tokens: [slow] })).toBe('counted')
    expect(b.state).toMatchObject({ log: '0' })
    expect(b.report('0', { tokens: [slow] })).toBe('stale')
  })

  it('does not let its outcome count once its generation is over', () => {
    const b = halfOpen({ successLimit: fraction(1, 2) })
    const [fast, slow] = b.probes(2)
    const late = b.draft('1', { tokens: [slow!] })
    b.report('0', { tokens: [fast!] })
    expect(b.state.status).toBe('CLOSED')
    expect(b.send(late)).toBe('stale')
  })

  it('ends at once where it is given back, without an outcome', () => {
    const b = halfOpen()
    const token = b.probe()
    expect(b.report('', { released: [token] })).toBe('counted')
    expect(b.state).toMatchObject({ log: '', leases: [] })
    expect(b.report('0', { tokens: [token] })).toBe('stale')
    expect(b.acquire()).toBe('probe')
  })

  it('whose end is further ahead than any lease is long holds no place: the clock stepped back', () => {
    const b = halfOpen({ probeLease: '5s' })
    const token = b.probe()
    b.stepBack(1)
    expect(b.acquire()).toBe('probe')
    expect(b.report('0', { tokens: [token] })).toBe('counted')
  })

  it('that ended is remembered among the newest 128', () => {
    const b = halfOpen({ successLimit: fraction(1_000, 1_000), probeConcurrency: 1, probeLease: 1 })
    const tokens: number[] = []
    for (let i = 0; i < 130; i++) {
      tokens.push(b.probe())
      b.pass(1)
    }
    const [oldest, next] = tokens
    expect(b.report('0', { tokens: [oldest!] })).toBe('stale')
    expect(b.report('0', { tokens: [next!] })).toBe('counted')
  })

  it.each(['unknown to the row', 'missing'])('makes outcomes whose token is %s void', (which) => {
    const b = halfOpen({ successLimit: fraction(3, 3) })
    const token = b.probe()
    expect(b.report('0', { tokens: which === 'missing' ? [] : [token + 1] })).toBe('stale')
    b.report('10', { tokens: [token + 1, token] })
    expect(b.state).toMatchObject({ status: 'HALF_OPEN', log: '0' })
  })
})
