import { beforeAll, describe, expect, it } from 'vitest'
import * as scenarios from '../../bench/fleet/scenarios.ts'
import type { SimulationReport } from '../../src/testing/simulator/index.ts'
import { expectSound, run } from './run.ts'

describe('a healthy fleet', () => {
  it('costs at most 3 statements for 1,000 calls', async () => {
    const report = await run(scenarios.healthy, 0.2)
    expectSound(report)
    expect(report.phases[0]!.statementsPer1000Calls).toBeLessThanOrEqual(3)
  })

  it('with 1 % background failures costs at most 30, and does not open', async () => {
    const report = await run(scenarios.background, 0.2)
    expectSound(report)
    expect(report.phases[0]!.statementsPer1000Calls).toBeLessThanOrEqual(30)
    expect(report.opens.fleet).toBe(0)
  })
})

describe('a fleet whose dependency dies', () => {
  let report: SimulationReport
  beforeAll(async () => {
    report = await run(scenarios.death, 0.2)
  })

  it('opens once, soon after the limit is reached', () => {
    expectSound(report)
    expect(report.opens).toMatchObject({
      fleet: 1,
      oracle: 1,
      falseFleet: 0,
      falseOracle: 0,
      missed: 0,
    })
    expect(report.stop!.openedAt - report.stop!.limitAt).toBeLessThanOrEqual(500)
  })

  it('has every isolate stop in time: with the bound, or after a failure of its own', () => {
    expect(report.stop!.late).toBe(0)
    expect(report.stop!.worstMs).toBeLessThanOrEqual(1_500)
  })

  it('stops its quiet isolates before a call of theirs reaches the dead dependency', () => {
    expect(report.stop!.unharmed['quiet']).toBe(20)
  })

  it('lets only probes through afterwards, never more at once than allowed', () => {
    const dead = report.phases.find(({ name }) => name === 'dead')!
    expect(dead.reached).toBe(report.stop!.reached + dead.probes)
    // Two cooldowns end in that time, and ten probes are allowed at each end.
    expect(dead.probes).toBeLessThanOrEqual(20)
    expect(report.probesAtOnce).toBeLessThanOrEqual(10)
  })

  it('is open to all again once the dependency is back', () => {
    const back = report.phases.find(({ name }) => name === 'back')!
    expect(back.wronglyRejected).toBe(0)
    expect(back.reached / back.calls).toBeGreaterThan(0.6)
  })
})
