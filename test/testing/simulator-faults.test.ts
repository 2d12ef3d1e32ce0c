import { describe, expect, it } from 'vitest'
import * as scenarios from '../../bench/fleet/scenarios.ts'
import { simulate } from '../../src/testing/simulator/index.ts'
import { expectSound, run } from './run.ts'

describe('a storage that fails', () => {
  it('never answers one operation of ten: each outcome is counted once, or reported as dropped', async () => {
    const report = await run(scenarios.timeouts, 0.5)
    expectSound(report)
    const { happened, counted, dropped } = report.outcomes
    const known =
      counted.successes +
      counted.failures +
      dropped.age +
      dropped.unknown +
      dropped.overflow +
      dropped.refused
    expect(known).toBe(happened.successes + happened.failures)
  })

  it('loses one answer of five: each outcome is counted once, whatever the isolate takes for unknown', async () => {
    const { breaker, ...scenario } = scenarios.faults(0.25)
    const report = await simulate({
      ...scenario,
      // Nothing is left out: all that happens is sent, and arrives. A loss that nobody is told of would be missing.
      breaker: { ...breaker, maxOutcomeAge: '5m', maxBuffered: 10_000 },
      storage: { lostAnswers: 0.2 },
    })
    expectSound(report)
    const { happened, counted, dropped } = report.outcomes
    expect(counted).toEqual(happened)
    expect(dropped).toMatchObject({ age: 0, overflow: 0, refused: 0, disposed: 0 })
    expect(dropped.unknown).toBeGreaterThan(0)
  })

  it('does both at once: nothing is counted twice, and the breaker goes on', async () => {
    const report = await run(scenarios.faults, 0.4)
    expectSound(report)
    expect(report.phases[0]!.rejected).toBe(0)
    // Single losses do not add up to pauses that outcomes grow too old in: 2 to 4 % do, over six seeds; and 10 to 18 % did where
    // a lost read made the pause longer that a lost write began.
    expect(report.outcomes.dropped.age / report.calls).toBeLessThan(0.075)
  })

  it('has its rows go back in time: the fleet stops again, and starts again', async () => {
    const report = await run(scenarios.faultsAndDeath, 0.5)
    expectSound(report)
    const [, dead, back] = report.phases
    expect(report.opens.fleet).toBe(2)
    expect(dead!.reached / dead!.calls).toBeLessThan(0.05)
    // Probes that were lost hold their places until their leases end.
    expect(back!.reached / back!.calls).toBeGreaterThan(0.7)
    // An isolate whose operations fail one after another is behind for its pauses: two of the fifty for all of this time, at most.
    expect(back!.wronglyRejected / back!.calls).toBeLessThan(2 / 50)
  })

  it('is gone while the dependency dies: each isolate stops by itself, and probes by itself', async () => {
    const report = await run(scenarios.outage, 0.5)
    expectSound(report)
    const [, dead, back] = report.phases
    // Five failures each to see it, and one probe at the end of each lengthened cooldown.
    expect(dead!.reached - dead!.probes).toBeLessThanOrEqual(50 * 8)
    expect(dead!.probes).toBeLessThanOrEqual(50 * 3)
    expect(back!.reached / back!.calls).toBeGreaterThan(0.9)
  })
})
