import { describe, expect, it } from 'vitest'
import { type ForeignWrite, reconcile } from '../../src/core/foreign.ts'
import { fraction } from '../../src/core/limits.ts'
import { halfOpen, Script } from './script.ts'

const closedBy = (failureCount: number): ForeignWrite => ({
  status: 'CLOSED',
  failureCount,
  openUntil: null,
})
const open = () => {
  const b = new Script({ failureLimit: fraction(2, 2), cooldown: '10s' })
  b.fail(2)
  return b
}

describe("another program's write", () => {
  it('that opens is taken in, to the end that it names', () => {
    for (const b of [new Script(), halfOpen()]) {
      const { generation } = b.state
      const after = reconcile(
        b.state,
        { status: 'OPEN', failureCount: 3, openUntil: b.now + 5_000 },
        b.now,
      )
      expect(after).toMatchObject({
        status: 'OPEN',
        cause: 'foreign',
        openUntil: b.now + 5_000,
        cooldownMs: 5_000,
        failureCount: 3,
      })
      expect(after.generation).toBeGreaterThan(generation)
    }
  })

  it('that opens for an end in the past, none, or beyond a day is due at once, or cut to a day', () => {
    const b = new Script()
    for (const [openUntil, left] of [
      [b.now - 1, 0],
      [null, 0],
      [b.now + 9e9, 86_400_000],
    ] as const) {
      expect(
        reconcile(b.state, { status: 'OPEN', failureCount: 0, openUntil }, b.now),
      ).toMatchObject({ openUntil: b.now + left })
    }
  })

  it('that closes an open before its time is undone', () => {
    const b = open()
    b.pass('9s')
    expect(reconcile(b.state, closedBy(0), b.now)).toMatchObject({
      status: 'OPEN',
      generation: b.state.generation,
      failureCount: 2,
    })
  })

  it('that closes without failures is taken in once the cooldown is over, and in half-open', () => {
    const b = open()
    b.pass('10s')
    expect(reconcile(b.state, closedBy(0), b.now)).toMatchObject({
      status: 'CLOSED',
      cause: 'foreign',
      log: '',
      opens: 0,
    })
    expect(reconcile(halfOpen().state, closedBy(0), b.now)).toMatchObject({
      status: 'CLOSED',
      cause: 'foreign',
    })
  })

  it('that closes with failures is undone', () => {
    const b = open()
    b.pass('10s')
    expect(reconcile(b.state, closedBy(1), b.now)).toMatchObject({
      status: 'OPEN',
      generation: b.state.generation,
    })
    expect(reconcile(halfOpen().state, closedBy(1), b.now)).toMatchObject({ status: 'HALF_OPEN' })
  })

  it('that half-opens is taken in once the cooldown is over, and undone before and elsewhere', () => {
    const b = open()
    const half: ForeignWrite = { status: 'HALF_OPEN', failureCount: 0, openUntil: null }
    expect(reconcile(b.state, half, b.now)).toMatchObject({ status: 'OPEN' })
    b.pass('10s')
    expect(reconcile(b.state, half, b.now)).toMatchObject({
      status: 'HALF_OPEN',
      cause: 'foreign',
      leases: [],
    })
  })

  it('that repeats an open moves its end only to later', () => {
    const b = open()
    const again = (openUntil: number): ForeignWrite => ({
      status: 'OPEN',
      failureCount: 2,
      openUntil,
    })
    expect(reconcile(b.state, again(b.now + 9_000), b.now)).toMatchObject({
      openUntil: b.now + 10_000,
      cooldownMs: 10_000,
    })
    expect(reconcile(b.state, again(b.now + 11_000), b.now)).toMatchObject({
      openUntil: b.now + 11_000,
      cooldownMs: 11_000,
    })
  })

  it('with a window over an unexpired open is meant: it closes, half-opens and moves the end as it says', () => {
    const b = open()
    b.pass('1s')
    const meant = (status: ForeignWrite['status'], openUntil: number | null = null) =>
      reconcile(b.state, { status, failureCount: 2, openUntil, window: true }, b.now)
    expect(meant('CLOSED')).toMatchObject({
      status: 'CLOSED',
      cause: 'foreign',
      failureCount: 0,
      opens: 0,
    })
    expect(meant('HALF_OPEN')).toMatchObject({ status: 'HALF_OPEN', cause: 'foreign' })
    expect(meant('OPEN', b.now + 100)).toMatchObject({
      status: 'OPEN',
      generation: b.state.generation,
      openUntil: b.now + 100,
      cooldownMs: 100,
    })
  })

  it('with a window that closes lifts an isolation', () => {
    const b = new Script()
    b.override('FORCED_OPEN')
    expect(reconcile(b.state, { ...closedBy(0), window: true }, b.now)).toMatchObject({
      status: 'CLOSED',
      override: null,
    })
  })

  it('with a window that closes with failures is undone where there is no unexpired open', () => {
    const b = open()
    b.pass('10s')
    const foreign = { ...closedBy(1), window: true }
    expect(reconcile(b.state, foreign, b.now)).toMatchObject({ status: 'OPEN' })
    expect(reconcile(halfOpen().state, foreign, b.now)).toMatchObject({ status: 'HALF_OPEN' })
  })

  it('is one write of the row, whatever becomes of it', () => {
    const b = open()
    b.pass('1s')
    expect(reconcile(b.state, closedBy(0), b.now)).toMatchObject({
      version: b.state.version + 1,
      updatedAt: b.now,
    })
  })
})
