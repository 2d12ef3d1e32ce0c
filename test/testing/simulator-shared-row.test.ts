import { beforeAll, describe, expect, it } from 'vitest'
import * as scenarios from '../../bench/fleet/scenarios.ts'
import { type SimulationReport, simulate } from '../../src/testing/simulator/index.ts'
import { expectSound, run } from './run.ts'

describe('a row that a large fleet shares', () => {
  let report: SimulationReport
  beforeAll(async () => {
    report = await run(scenarios.hotKey, 0.1)
  })
  const isolates = 1_000

  it('sees at most 500 writes a second in steady phases', () => {
    expectSound(report)
    for (const { steadyPeak } of report.phases) expect(steadyPeak.writes).toBeLessThanOrEqual(500)
  })

  it('is read at most once by each isolate in 80 % of the bound', () => {
    for (const { reads, seconds } of report.phases) {
      // And once when it is new: each phase is granted that, for it may begin in the middle of a refresh.
      expect(reads).toBeLessThanOrEqual(isolates + (isolates * seconds) / 4)
    }
  })

  it('opens once, as the oracle does', () => {
    expect(report.opens).toMatchObject({
      fleet: 1,
      oracle: 1,
      falseFleet: 0,
      falseOracle: 0,
      missed: 0,
    })
  })

  it('is told a share of all outcomes, and the same of successes and failures', async () => {
    const until = async (seconds: number) => {
      const { outcomes } = await simulate({
        durationMs: seconds * 1_000,
        fleet: [{ isolates, callsPerSecond: 10 }],
        dependency: [{ name: '20 % failures', fromMs: 0, failures: 0.2 }],
        breaker: { failureLimit: { numerator: 50, denominator: 100 } },
      })
      return outcomes
    }
    // The same run, stopped early: between the two the fleet knows how busy its row is.
    const [early, late] = [await until(10), await until(20)]
    const counted = (kind: 'successes' | 'failures') => late.counted[kind] - early.counted[kind]
    const shareOf = (kind: 'successes' | 'failures') =>
      counted(kind) / (late.happened[kind] - early.happened[kind])
    expect(shareOf('successes')).toBeLessThan(0.1)
    // Chance moves a count of n by √n, so it moves the ratio of two shares by √(1/n + 1/m): six times that is out of its reach.
    const chance = 6 * Math.sqrt(1 / counted('failures') + 1 / counted('successes'))
    expect(chance).toBeLessThan(0.3)
    expect(Math.abs(shareOf('failures') / shareOf('successes') - 1)).toBeLessThan(chance)
  })

  it('is written less than once by each isolate while it trips', () => {
    const died = report.stop!.diedAt / 1_000
    const writes = report.perSecond.writes.slice(died, died + 6).reduce((sum, n) => sum + n, 0)
    expect(writes).toBeLessThanOrEqual(isolates)
    expect(report.stop!.late).toBe(0)
  })

  it('sees no stampede when a cooldown ends', () => {
    const opened = Math.floor(report.stop!.openedAt / 1_000)
    const afterwards = report.perSecond.statements.slice(opened + 5)
    // Each asks once, within a second; what it reports besides is the steady load.
    expect(Math.max(...afterwards)).toBeLessThanOrEqual(1.5 * isolates)
    for (const { asks } of report.phases) expect(asks).toBeLessThanOrEqual(1.5 * isolates)
    expect(report.probesAtOnce).toBeLessThanOrEqual(10)
  })
})

it.each([1, 2])(
  'a fleet too large to be told of every failure stops in time all the same, seed %i',
  async (seed) => {
    const { stop, opens } = await simulate({
      seed,
      durationMs: 20_000,
      fleet: [{ isolates: 3_000, callsPerSecond: 1 }],
      dependency: [
        { name: '1 % failures', fromMs: 0, failures: 0.01 },
        { name: 'dead', fromMs: 12_000, failures: 1 },
      ],
      breaker: { failureLimit: { numerator: 5, denominator: 10 }, cooldown: 20_000 },
    })
    expect(opens).toMatchObject({ fleet: 1, falseFleet: 0 })
    expect(stop!.late).toBe(0)
  },
)
