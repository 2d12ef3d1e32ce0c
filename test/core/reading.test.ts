import { describe, expect, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { readingOf } from '../../src/core/reading.ts'
import type { SettingsOptions } from '../../src/core/settings.ts'
import type { OverrideKind } from '../../src/core/state.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { Reporter } from '../browser/scene.ts'

function breaker(options: SettingsOptions = {}) {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({ clock: clock.now })
  const reporter = new Reporter(storage, 'k', 'n', { cooldown: '10s', ...options })
  const { id, settings } = reporter
  return {
    clock,
    reporter,
    order: (override: OverrideKind, forMs: number | null = null) => {
      const order = { command: 'override', override, forMs } as const
      return storage.control({ ...id, command: { order, actor: null, reason: null } })
    },
    /** What a reader is told, which is what the next caller meets. */
    async read() {
      const [answer] = await storage.exchange([id])
      const { phase, nextCall } = readingOf(answer!.snapshot)
      return { status: answer!.snapshot.status, phase, nextCall }
    },
    acquire: async () => (await storage.acquire({ ...id, settings, leaseMs: 30_000 })).verdict,
  }
}

describe('what a reader is told of a breaker is what its next caller meets', () => {
  it('closed', async () => {
    const { reporter, read, acquire } = breaker({ failureLimit: fraction(1, 2) })
    await reporter.report('0')
    expect(await read()).toEqual({ status: 'CLOSED', phase: 'CLOSED', nextCall: 'admitted' })
    expect(await acquire()).toBe('admitted')
  })

  it('open until its cooldown is over, and due from then on, however long nobody calls', async () => {
    const { reporter, clock, read, acquire } = breaker()
    await reporter.report('1')
    clock.advance(9_999)
    expect(await read()).toEqual({ status: 'OPEN', phase: 'OPEN', nextCall: 'rejected' })
    expect(await acquire()).toBe('rejected')
    for (const ms of [1, 1, 86_400_000]) {
      clock.advance(ms)
      expect(await read()).toEqual({ status: 'OPEN', phase: 'DUE', nextCall: 'probe' })
    }
    expect(await acquire()).toBe('probe')
  })

  it('half-open: rejected while its places are taken, a probe once the leases have ended', async () => {
    const { reporter, clock, read, acquire } = breaker({ successLimit: fraction(1, 1) })
    await reporter.report('1')
    clock.advance(10_000)
    await reporter.probe()
    expect(await read()).toEqual({ status: 'HALF_OPEN', phase: 'HALF_OPEN', nextCall: 'rejected' })
    expect(await acquire()).toBe('rejected')
    clock.advance(30_000)
    expect(await read()).toEqual({ status: 'HALF_OPEN', phase: 'HALF_OPEN', nextCall: 'probe' })
    expect(await acquire()).toBe('probe')
  })

  it('isolated for a time: due from its end on', async () => {
    const { order, clock, read, acquire } = breaker()
    await order('FORCED_OPEN', 60_000)
    expect(await read()).toEqual({ status: 'OPEN', phase: 'OPEN', nextCall: 'rejected' })
    clock.advance(60_000)
    expect(await read()).toEqual({ status: 'OPEN', phase: 'DUE', nextCall: 'probe' })
    expect(await acquire()).toBe('probe')
  })

  it.each([
    ['METRICS_ONLY', 'would-reject'],
    ['DISABLED', 'admitted'],
  ] as const)('open under %s: %s while the order stands, and no longer', async (kind, verdict) => {
    const { reporter, order, clock, read, acquire } = breaker()
    await reporter.report('1')
    await order(kind, 5_000)
    expect(await read()).toEqual({ status: 'OPEN', phase: 'OPEN', nextCall: verdict })
    expect(await acquire()).toBe(verdict)
    clock.advance(5_000)
    expect(await read()).toEqual({ status: 'OPEN', phase: 'OPEN', nextCall: 'rejected' })
    expect(await acquire()).toBe('rejected')
  })

  it('nobody has reported settings: what is due probes', async () => {
    const { order, clock, read } = breaker()
    await order('FORCED_OPEN', 1_000)
    clock.advance(1_000)
    expect(await read()).toMatchObject({ phase: 'DUE', nextCall: 'probe' })
  })
})
