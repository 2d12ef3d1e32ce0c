import { describe, expect, it } from 'vitest'
import { columnsOf, detailsOf } from '../../src/cli/commands/snapshot.ts'
import { type Paint, painter } from '../../src/cli/style.ts'
import { table } from '../../src/cli/table.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import type { SettingsOptions } from '../../src/core/settings.ts'
import type { OverrideKind } from '../../src/core/state.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { Reporter } from '../browser/scene.ts'

const bare: Paint = (_, text) => text
const painted = painter({ write: () => {}, isTTY: true }, { FORCE_COLOR: '1' })
const RED = '\u001b[31m'

function breaker(options: SettingsOptions) {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({ clock: clock.now })
  const reporter = new Reporter(storage, 'k', 'n', options)
  const read = async () => (await storage.exchange([reporter.id]))[0]!.snapshot
  return {
    clock,
    reporter,
    order: (override: OverrideKind, forMs: number | null = null) => {
      const order = { command: 'override', override, forMs } as const
      return storage.control({ ...reporter.id, command: { order, actor: 'ada', reason: null } })
    },
    /** The cells of its line in a list, by their titles. */
    async line(): Promise<Record<string, string>> {
      const snapshot = await read()
      return Object.fromEntries(columnsOf(bare).map(({ title, text }) => [title, text(snapshot)]))
    },
    details: async () => detailsOf(await read(), bare),
    coloured: async () => {
      const snapshot = await read()
      return table(columnsOf(painted), [snapshot], painted) + detailsOf(snapshot, painted)
    },
  }
}

describe('a breaker as the command line shows it', () => {
  it('is open while its cooldown lasts, and due from then on, since then', async () => {
    const { clock, reporter, line, details, coloured } = breaker({ cooldown: '30s' })
    await reporter.report('1')
    clock.advance(20_000)
    expect(await line()).toMatchObject({ STATUS: 'OPEN', SINCE: '20s', NEXT: 'probes in 10s' })
    expect(await coloured()).toContain(`${RED}OPEN`)
    clock.advance(70_000)
    expect(await line()).toMatchObject({
      STATUS: 'DUE',
      SINCE: '1m',
      NEXT: 'probes with the next call',
    })
    expect(await details()).toMatch(/^status +DUE$/m)
    expect(await details()).toMatch(/^next +probes with the next call$/m)
    // Outcomes may be red; its status is not.
    expect(await coloured()).not.toContain(`${RED}DUE`)
    expect(await details()).toMatch(/^since +2026-01-01 00:00:30Z \(cooldown_over\)$/m)
    expect(await details()).toMatch(/^opened +2026-01-01 00:00:00Z \(failure_limit\)$/m)
  })

  it('is not red while an order lets every call through', async () => {
    const { reporter, order, clock, line, coloured } = breaker({ cooldown: '1h' })
    await reporter.report('1')
    await order('METRICS_ONLY', 60_000)
    expect(await line()).toMatchObject({ STATUS: 'OPEN (METRICS_ONLY)' })
    expect(await coloured()).not.toContain(`${RED}OPEN`)
    clock.advance(60_000)
    expect(await line()).toMatchObject({ STATUS: 'OPEN' })
    expect(await coloured()).toContain(`${RED}OPEN`)
  })

  it('counts the probes that are out, and not those whose lease has ended', async () => {
    const { reporter, clock, line } = breaker({
      cooldown: '1s',
      failureLimit: fraction(1, 4),
      successLimit: fraction(3, 3),
      probeConcurrency: 2,
    })
    await reporter.report('0001')
    clock.advance(1_000)
    await reporter.probe()
    expect(await line()).toMatchObject({
      STATUS: 'HALF_OPEN',
      NEXT: '1 of 2 probes out',
      FAILURES: '0/3',
    })
    clock.advance(30_000)
    expect(await line()).toMatchObject({ STATUS: 'HALF_OPEN', NEXT: 'probes with the next call' })
  })

  it('counts the failures of a time window as it has moved on since', async () => {
    const { reporter, clock, line, details } = breaker({
      failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 20 }),
    })
    await reporter.report('0011')
    expect(await line()).toMatchObject({ FAILURES: '2/4' })
    clock.advance(11_000)
    expect(await line()).toMatchObject({ FAILURES: '0/0' })
    expect(await details()).toMatch(/^failures +0\/0$/m)
  })

  it('shows an isolation until its end, and then a breaker that is due', async () => {
    const { order, clock, line, details } = breaker({})
    await order('FORCED_OPEN', 60_000)
    expect(await line()).toMatchObject({ STATUS: 'OPEN (FORCED_OPEN)', NEXT: 'probes in 1m' })
    clock.advance(60_000)
    expect(await line()).toMatchObject({ STATUS: 'DUE', SINCE: '0s' })
    expect(await details()).not.toContain('override')
  })
})
