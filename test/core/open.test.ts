import { describe, expect, it } from 'vitest'
import { snapshotOf } from '../../src/core/snapshot.ts'
import { Script } from './script.ts'

const DAY = 86_400_000
const retryAfterMs = (b: Script) => snapshotOf(b.state, 'key', 'default', b.now).retryAfterMs

describe('an open breaker', () => {
  it('rejects until its cooldown is over, and changes nothing by itself', () => {
    const b = new Script({ cooldown: '10s' })
    b.fail()
    const open = b.state
    for (const wait of [0, '5s', 4_999] as const) {
      b.pass(wait)
      expect(b.acquire()).toBe('rejected')
    }
    expect(retryAfterMs(b)).toBe(1)
    b.pass('1h')
    expect(b.state).toBe(open)
    expect(retryAfterMs(b)).toBe(0)
  })

  it('lets the first caller after the cooldown probe', () => {
    const b = new Script({ cooldown: '10s' })
    b.fail()
    b.pass('10s')
    expect(b.acquire()).toBe('probe')
    expect(b.state).toMatchObject({
      status: 'HALF_OPEN',
      log: '',
      opens: 1,
      cause: 'cooldown_over',
    })
    expect(b.lines.at(-1)).toBe('OPEN > HALF_OPEN (cooldown_over)')
  })

  it('shows the outcomes that opened it', () => {
    const b = new Script()
    b.report('0001')
    expect(b.state).toMatchObject({ status: 'OPEN', log: '0001', failureCount: 1 })
  })

  it('knows no outcomes of its own generation', () => {
    const b = new Script()
    b.fail()
    const open = b.state
    expect(b.fail()).toBe('stale')
    expect(b.state).toBe(open)
  })

  it('stays open for as long as its cooldown says for so many opens in a row, the last one for all that follow', () => {
    const b = new Script({ cooldown: (opens) => opens * 1_000 })
    b.fail()
    for (let opens = 1; opens <= 18; opens++) {
      const cooldownMs = Math.min(opens, 16) * 1_000
      expect(b.state).toMatchObject({
        status: 'OPEN',
        opens,
        cooldownMs,
        openUntil: b.now + cooldownMs,
      })
      b.pass(cooldownMs)
      b.report('1', { tokens: [b.probe()] })
    }
    b.pass('16s')
    b.report('0', { tokens: [b.probe()] })
    expect(b.state).toMatchObject({ status: 'CLOSED', opens: 0 })
    b.fail()
    expect(b.state).toMatchObject({ opens: 1, cooldownMs: 1_000 })
  })

  describe('and a late Retry-After', () => {
    it('stays open for longer where the calls that tripped it say so', () => {
      const b = new Script({ cooldown: '10s' })
      const late = b.draft('1', { retryAfterMs: 60_000 })
      b.fail()
      b.pass('1s')
      expect(b.send(late)).toBe('extended')
      expect(b.state).toMatchObject({
        status: 'OPEN',
        openUntil: b.now + 60_000,
        cooldownMs: 60_000,
        opens: 1,
      })
      expect(b.lines).toHaveLength(1)
      b.pass('59s')
      expect(b.acquire()).toBe('rejected')
      b.pass('1s')
      expect(b.acquire()).toBe('probe')
    })

    it('never opens for shorter, and listens to no other generation', () => {
      const b = new Script({ cooldown: '10s' })
      const shorter = b.draft('1', { retryAfterMs: 10_000 })
      b.fail()
      expect(b.send(shorter)).toBe('stale')
      expect(b.fail(1, { retryAfterMs: 60_000 })).toBe('stale')
      expect(b.fail(1, { retryAfterMs: 60_000, generation: 7 })).toBe('stale')
      expect(b.state).toMatchObject({ openUntil: b.now + 10_000 })
    })

    it('counts it once', () => {
      const b = new Script({ cooldown: '10s' })
      const late = b.draft('1', { retryAfterMs: 60_000 })
      b.fail()
      b.send(late)
      const { state } = b
      b.pass('5s')
      expect(b.send(late)).toBe('duplicate')
      expect(b.state).toBe(state)
    })
  })

  describe('and a clock that steps', () => {
    it('is due where the end is further ahead than the cooldown was long', () => {
      const b = new Script({ cooldown: '10s' })
      b.fail()
      b.stepBack(1)
      expect(retryAfterMs(b)).toBe(0)
      expect(b.acquire()).toBe('probe')
    })

    it('never uses a generation twice', () => {
      const b = new Script()
      const seen = new Set([0])
      for (let i = 0; i < 20; i++) {
        b.order(i % 2 ? { command: 'close' } : { command: 'open', cooldownMs: [DAY] })
        expect(b.state.generation).toBeGreaterThan(b.state.previousGeneration)
        expect(seen.has(b.state.generation)).toBe(false)
        seen.add(b.state.generation)
        if (i % 3 === 0) b.stepBack('1h')
        if (i % 3 === 1) b.pass(1)
      }
    })

    it('takes its generation from the clock, so that a restored row does not use one again', () => {
      const b = new Script()
      const backup = b.state
      b.fail()
      const { generation } = b.state
      expect(generation).toBe(b.now)
      b.state = backup
      b.pass('1s')
      b.fail()
      expect(b.state.generation).toBeGreaterThan(generation)
    })
  })
})
