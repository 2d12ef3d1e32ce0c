import { beforeAll, describe, expect, it } from 'vitest'
import * as scenarios from '../../bench/fleet/scenarios.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { type SimulationReport, simulate } from '../../src/testing/simulator/index.ts'
import { Oracle } from '../../src/testing/simulator/oracle.ts'
import { Random } from '../../src/testing/simulator/random.ts'
import { Traffic } from '../../src/testing/simulator/traffic.ts'
import { VirtualTime } from '../../src/testing/simulator/virtual-time.ts'

/** Scaled down, so that a run takes seconds; `npm run simulate` runs the same at full scale. */
const run = (scenario: scenarios.Scenario, scale: number, seed = 1): Promise<SimulationReport> =>
  simulate({ ...scenario(scale), seed })

/** What must hold whatever happens. */
function expectSound({ outcomes, callers }: SimulationReport): void {
  expect(outcomes.doubled).toBe(0)
  expect(callers.surprises).toEqual([])
  expect(callers.longestWaitMs).toBeLessThanOrEqual(500)
}

describe('a simulation', () => {
  it('gives the same report for the same seed, and another one for another', async () => {
    const first = await run(scenarios.faultsAndDeath, 0.1)
    expect(await run(scenarios.faultsAndDeath, 0.1)).toEqual(first)
    expect(await run(scenarios.faultsAndDeath, 0.1, 2)).not.toEqual(first)
  })

  it('sends the same calls whatever the breakers do with them', async () => {
    const scenario = scenarios.death(0.05)
    const free = await simulate({
      ...scenario,
      breaker: { ...scenario.breaker, consistency: { maxStaleness: '1h' } },
    })
    expect(free.calls).toBe((await simulate(scenario)).calls)
  })

  it('has an oracle that opens with the call that reaches the limit', async () => {
    const { stop, opens } = await simulate({
      durationMs: 20_000,
      fleet: [{ isolates: 1, callsPerSecond: 10, arrivals: 'regular' }],
      dependency: [
        { name: 'healthy', fromMs: 0, failures: 0, latency: { min: 10, mean: 10 } },
        { name: 'dead', fromMs: 10_000, failures: 1, latency: { min: 10, mean: 10 } },
      ],
      breaker: { failureLimit: { numerator: 5, denominator: 10 } },
    })
    // Five calls at even intervals, the first within one of them; each takes 10 ms.
    expect(stop!.limitAt).toBeGreaterThanOrEqual(10_410)
    expect(stop!.limitAt).toBeLessThanOrEqual(10_510)
    expect(opens).toEqual({ fleet: 1, oracle: 1, falseFleet: 0, falseOracle: 0, missed: 0 })
  })

  it('under strong consistency stops where the oracle does', async () => {
    const scenario = scenarios.death(0.01)
    const report = await simulate({
      ...scenario,
      storage: { latency: { min: 1, mean: 1 } },
      breaker: { ...scenario.breaker, consistency: 'strong' },
    })
    // A call waits for two legs of a storage that takes 1 ms for each, and its report for one.
    expect(report.stop!.openedAt - report.stop!.limitAt).toBeLessThanOrEqual(3)
    expect(report.opens.fleet).toBe(report.opens.oracle)
  })

  it('sees an open that nobody makes as missed', async () => {
    const scenario = scenarios.death(0.01)
    const dead = { fromMs: 0, untilMs: scenario.durationMs }
    const { opens } = await simulate({ ...scenario, storage: { outages: [dead] } })
    expect(opens).toMatchObject({ fleet: 0, oracle: 1, missed: 1 })
  })
})

describe("a simulation's traffic", () => {
  const calls = async (seed: number, untilMs: number) => {
    const time = new VirtualTime(0)
    const seen: { isolate: number; at: number; fails: boolean; durationMs: number }[] = []
    let isolates = 0
    const traffic = new Traffic(time, new Random(seed), {
      begin: () => isolates++,
      phase: () => ({ name: 'half fail', fromMs: 0, failures: 0.5 }),
      call: (isolate, fails, durationMs) =>
        seen.push({ isolate, at: time.now(), fails, durationMs }),
    })
    traffic.begin([{ isolates: 10, callsPerSecond: 10, callsPerLife: 5 }])
    await time.run(untilMs)
    traffic.end()
    await time.run(2 * untilMs)
    return seen
  }

  it('is the same for the same seed, and another for another', async () => {
    expect(await calls(1, 2_000)).toEqual(await calls(1, 2_000))
    expect(await calls(2, 2_000)).not.toEqual(await calls(1, 2_000))
  })

  it('comes as often as it is told to, ends when it is told to, and gives each isolate the calls of its life', async () => {
    const seen = await calls(1, 10_000)
    expect(seen.length / 1_000).toBeCloseTo(1, 0)
    expect(Math.max(...seen.map(({ at }) => at))).toBeLessThanOrEqual(10_000)
    const lives = new Map<number, number>()
    for (const { isolate } of seen) lives.set(isolate, (lives.get(isolate) ?? 0) + 1)
    expect(Math.max(...lives.values())).toBe(5)
    expect(seen.filter(({ fails }) => fails).length / seen.length).toBeCloseTo(0.5, 1)
  })
})

describe('the oracle', () => {
  it('says of each call whether it is let through', async () => {
    const time = new VirtualTime(0)
    const settings = resolveSettings({
      failureLimit: { numerator: 1, denominator: 1 },
      cooldown: 1_000,
    })
    const oracle = new Oracle(time, settings, () => {})
    expect(oracle.call(true, 10)).toBe('admitted')
    await time.run(10)
    expect(oracle.call(false, 10)).toBe('rejected')
    await time.run(1_010)
    expect(oracle.call(false, 10)).toBe('probe')
    expect(oracle.call(false, 10)).toBe('rejected')
  })
})

describe("the simulator's storage", () => {
  const failing = (writeMs: number) =>
    simulate({
      durationMs: 10_000,
      fleet: [{ isolates: 100, callsPerSecond: 10 }],
      dependency: [{ name: '5 % failures', fromMs: 0, failures: 0.05 }],
      breaker: { failureLimit: { numerator: 50, denominator: 100 } },
      storage: { latency: { min: 20, mean: 20 }, writeMs },
    })

  it('answers within its latency where its row has nothing to wait for', async () => {
    const { phases } = await failing(0.001)
    expect(phases[0]!.storage).toEqual({
      medianMs: 20,
      p99Ms: expect.any(Number),
      worstMs: expect.any(Number),
    })
    expect(phases[0]!.storage.worstMs).toBeLessThanOrEqual(25)
  })

  it('has its row take one write after the other: the longer each takes, the fewer there are, and the longer they wait', async () => {
    const { phases } = await failing(50)
    expect(phases[0]!.peak.writes).toBeLessThanOrEqual(21)
    expect(phases[0]!.steady.writes).toBeGreaterThanOrEqual(18)
    expect(phases[0]!.storage.p99Ms).toBeGreaterThan(500)
    expect(phases[0]!.storage.worstMs).toBeGreaterThanOrEqual(phases[0]!.storage.p99Ms)
  })
})

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
    expect(report.opens).toEqual({ fleet: 1, oracle: 1, falseFleet: 0, falseOracle: 0, missed: 0 })
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
})

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
    expect(report.opens).toEqual({ fleet: 1, oracle: 1, falseFleet: 0, falseOracle: 0, missed: 0 })
  })

  it('is told a share of all outcomes, and the same of successes and failures', async () => {
    const until = async (seconds: number) => {
      const { outcomes } = await simulate({
        durationMs: seconds * 1_000,
        fleet: [{ isolates, callsPerSecond: 10 }],
        // So many that chance moves their share by some three hundredths.
        dependency: [{ name: '20 % failures', fromMs: 0, failures: 0.2 }],
        breaker: { failureLimit: { numerator: 50, denominator: 100 } },
      })
      return outcomes
    }
    // The same run, stopped early: between the two the fleet knows how busy its row is.
    const [early, late] = [await until(10), await until(40)]
    const shareOf = (kind: 'successes' | 'failures') =>
      (late.counted[kind] - early.counted[kind]) / (late.happened[kind] - early.happened[kind])
    expect(shareOf('successes')).toBeLessThan(0.1)
    const ratio = shareOf('failures') / shareOf('successes')
    expect(ratio).toBeGreaterThan(0.9)
    expect(ratio).toBeLessThan(1.1)
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

  it('loses one answer of ten besides: nothing is counted twice, and all is counted or reported as dropped', async () => {
    const report = await run(scenarios.faults, 0.5)
    expectSound(report)
    const { happened, counted, dropped } = report.outcomes
    const known =
      counted.successes +
      counted.failures +
      dropped.age +
      dropped.unknown +
      dropped.overflow +
      dropped.refused
    expect(known).toBeGreaterThanOrEqual(happened.successes + happened.failures)
    expect(report.phases[0]!.rejected).toBe(0)
  })

  it('has its rows go back in time: the fleet stops again, and starts again', async () => {
    const report = await run(scenarios.faultsAndDeath, 0.5)
    expectSound(report)
    const [, dead, back] = report.phases
    expect(report.opens.fleet).toBe(2)
    expect(dead!.reached / dead!.calls).toBeLessThan(0.05)
    // Probes that were lost hold their places until their leases end.
    expect(back!.reached / back!.calls).toBeGreaterThan(0.7)
    expect(back!.wronglyRejected / back!.calls).toBeLessThan(0.01)
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
