import { describe, expect, it } from 'vitest'
import * as scenarios from '../../bench/fleet/scenarios.ts'
import { simulate } from '../../src/testing/simulator/index.ts'
import { expectSound, run } from './run.ts'

describe('a fleet of isolates that live for one call', () => {
  it('opens as often as the oracle where 10 % of the calls fail: its successes are told as well as its failures', async () => {
    const report = await run(scenarios.oneCall, 0.3)
    expectSound(report)
    expect(report.opens.falseOracle).toBeGreaterThanOrEqual(5)
    expect(report.opens.falseFleet / report.opens.falseOracle).toBeLessThanOrEqual(1.5)
    expect(report.opens.falseOracle / report.opens.falseFleet).toBeLessThanOrEqual(1.5)
  })

  it('does so where many calls are on their way at once', async () => {
    const { opens } = await run(scenarios.oneCallBusy, 0.5)
    expect(opens.falseOracle).toBeGreaterThanOrEqual(3)
    expect(opens.falseFleet / opens.falseOracle).toBeLessThanOrEqual(1.5)
  })

  it('stops when the dependency is dead, and starts again when it is back', async () => {
    const report = await run(scenarios.oneCallDeath, 1)
    expectSound(report)
    expect(report.stop!.openedAt - report.stop!.limitAt).toBeLessThanOrEqual(200)
    const [, dead, back] = report.phases
    expect(dead!.reached - dead!.probes).toBeLessThanOrEqual(25)
    expect(back!.reached / back!.calls).toBeGreaterThan(0.6)
  })

  it('loses what its isolates have not sent when their lives end', async () => {
    const { outcomes } = await simulate({
      durationMs: 10_000,
      fleet: [{ isolates: 20, callsPerSecond: 1, callsPerLife: 1 }],
      dependency: [{ name: 'healthy', fromMs: 0, failures: 0 }],
      breaker: { failureLimit: { numerator: 5, denominator: 10 } },
    })
    // Once the window is full of successes, another one has nothing to say, and waits.
    expect(outcomes.counted.successes).toBeGreaterThanOrEqual(10)
    expect(outcomes.counted.successes).toBeLessThan(outcomes.happened.successes / 2)
  })
})
