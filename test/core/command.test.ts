import { describe, expect, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { snapshotOf } from '../../src/core/snapshot.ts'
import { INDEFINITE } from '../../src/core/state.ts'
import { halfOpen, Script } from './script.ts'

const retryAfterMs = (b: Script) => snapshotOf(b.state, 'key', 'default', b.now).retryAfterMs

describe('an operator', () => {
  it('opens, closes and resets', () => {
    const b = new Script()
    b.order({ command: 'open', cooldownMs: [5_000] })
    expect(b.state).toMatchObject({
      status: 'OPEN',
      opens: 1,
      openUntil: b.now + 5_000,
      cause: 'opened',
    })
    b.order({ command: 'close' })
    expect(b.state).toMatchObject({ status: 'CLOSED', opens: 0, cause: 'closed' })
    b.report('', { wouldReject: 3 })
    b.order({ command: 'reset' })
    expect(b.state).toMatchObject({ status: 'CLOSED', log: '', wouldReject: 0, cause: 'reset' })
    expect(b.lines).toEqual([
      'CLOSED > OPEN (opened)',
      'OPEN > CLOSED (closed)',
      'CLOSED > CLOSED (reset)',
    ])
  })

  it('who closes keeps the count of what would have been rejected', () => {
    const b = new Script()
    b.report('', { wouldReject: 3 })
    b.order({ command: 'close' })
    expect(b.state.wouldReject).toBe(3)
  })

  it('who opens again takes the next cooldown', () => {
    const b = new Script()
    for (const expected of [1, 2, 2]) {
      b.order({ command: 'open', cooldownMs: [1, 2] })
      expect(b.state).toMatchObject({ cooldownMs: expected })
    }
  })

  it('who acts on a half-open breaker ends its generation', () => {
    const b = halfOpen()
    const late = b.draft('0', { tokens: [b.probe()] })
    b.order({ command: 'open', cooldownMs: [1_000] })
    expect(b.send(late)).toBe('stale')
    expect(b.state.status).toBe('OPEN')
  })
})

describe('FORCED_OPEN', () => {
  it('rejects and records nothing until it is lifted; the next call then probes', () => {
    const b = new Script()
    b.override('FORCED_OPEN')
    expect(b.state).toMatchObject({
      status: 'OPEN',
      opens: 0,
      openUntil: INDEFINITE,
      cause: 'isolated',
    })
    expect(b.state.override).toEqual({
      kind: 'FORCED_OPEN',
      until: null,
      durationMs: null,
      actor: 'ana',
      reason: 'maintenance',
    })
    b.pass('365d')
    expect([b.acquire(), b.fail(), b.fail(1, { generation: 0, retryAfterMs: 1_000 })]).toEqual([
      'rejected',
      'overridden',
      'overridden',
    ])
    expect(retryAfterMs(b)).toBeNull()
    b.override(null)
    expect(b.acquire()).toBe('probe')
    expect(b.lines).toEqual([
      'CLOSED > OPEN (isolated)',
      'OPEN > OPEN (overridden)',
      'OPEN > HALF_OPEN (cooldown_over)',
    ])
  })

  it('ends on its own, and leads to half-open', () => {
    const b = new Script()
    b.override('FORCED_OPEN', 5_000)
    b.pass(4_999)
    expect([b.acquire(), retryAfterMs(b)]).toEqual(['rejected', 1])
    b.pass(1)
    expect(b.acquire()).toBe('probe')
    expect(b.state.override).toBeNull()
  })

  it('does not count among the opens in a row', () => {
    const b = new Script({ cooldown: (opens) => opens * 1_000 })
    b.fail()
    b.override('FORCED_OPEN', 1)
    expect(b.state.opens).toBe(1)
    b.pass(1)
    b.report('1', { tokens: [b.probe()] })
    expect(b.state).toMatchObject({ opens: 2, cooldownMs: 2_000 })
  })

  it('ends where the clock steps back behind its beginning', () => {
    const b = new Script()
    b.override('FORCED_OPEN', 5_000)
    b.stepBack(1)
    expect(b.acquire()).toBe('probe')
  })

  it.each(['open', 'close', 'reset'] as const)('is lifted by %s', (command) => {
    const b = new Script()
    b.override('FORCED_OPEN')
    b.order(command === 'open' ? { command, cooldownMs: [1_000] } : { command })
    expect(b.state.override).toBeNull()
  })
})

describe('DISABLED', () => {
  it('admits everything and records nothing, open or half-open', () => {
    const b = new Script({ cooldown: 1 })
    b.fail()
    b.override('DISABLED')
    expect([b.acquire(), b.fail(), b.succeed()]).toEqual(['admitted', 'overridden', 'overridden'])
    b.pass(1)
    expect(b.acquire()).toBe('admitted')
    expect(b.state.status).toBe('OPEN')
  })

  it('ends by the clock, and by a clock that steps back', () => {
    for (const step of ['pass', 'stepBack'] as const) {
      const b = new Script()
      b.override('DISABLED', 5_000)
      expect(b.fail()).toBe('overridden')
      b[step](5_000)
      expect(b.fail()).toBe('counted')
      expect(b.state.status).toBe('OPEN')
    }
  })

  it('outlives open, and is lifted by close', () => {
    const b = new Script()
    b.override('DISABLED')
    b.order({ command: 'open', cooldownMs: [1_000] })
    expect(b.acquire()).toBe('admitted')
    b.order({ command: 'close' })
    expect(b.state.override).toBeNull()
  })

  it('in place of an isolation leaves an open whose time is over', () => {
    const b = new Script()
    b.override('FORCED_OPEN')
    b.override('DISABLED', 1_000)
    expect(retryAfterMs(b)).toBe(0)
    b.pass(1_000)
    expect(b.acquire()).toBe('probe')
  })
})

describe('METRICS_ONLY', () => {
  it('runs the machine, and would reject where it else rejects', () => {
    const b = new Script({ failureLimit: fraction(2, 2), cooldown: '1s' })
    b.override('METRICS_ONLY')
    expect([b.fail(), b.fail(), b.acquire()]).toEqual(['counted', 'counted', 'would-reject'])
    b.pass('1s')
    expect([b.acquire(), b.acquire()]).toEqual(['probe', 'probe'])
    expect(b.acquire()).toBe('would-reject')
    expect(b.state.override?.kind).toBe('METRICS_ONLY')
  })
})
