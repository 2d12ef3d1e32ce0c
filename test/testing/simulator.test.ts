import { describe, expect, it } from 'vitest'
import * as scenarios from '../../bench/fleet/scenarios.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { simulate } from '../../src/testing/simulator/index.ts'
import { Oracle } from '../../src/testing/simulator/oracle.ts'
import { Random } from '../../src/testing/simulator/random.ts'
import { Traffic } from '../../src/testing/simulator/traffic.ts'
import { VirtualTime } from '../../src/testing/simulator/virtual-time.ts'
import { run } from './run.ts'

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
    expect(opens).toMatchObject({ fleet: 1, oracle: 1, falseFleet: 0, falseOracle: 0, missed: 0 })
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
    // Ten isolates of ten calls a second make 1,000 calls in ten seconds. Chance moves n by √n: six times that is out of its reach.
    expect(Math.abs(seen.length - 1_000)).toBeLessThan(6 * Math.sqrt(1_000))
    expect(Math.max(...seen.map(({ at }) => at))).toBeLessThanOrEqual(10_000)
    const lives = new Map<number, number>()
    for (const { isolate } of seen) lives.set(isolate, (lives.get(isolate) ?? 0) + 1)
    expect(Math.max(...lives.values())).toBe(5)
    const failures = seen.filter(({ fails }) => fails).length
    expect(Math.abs(failures - seen.length / 2)).toBeLessThan(6 * Math.sqrt(seen.length / 4))
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
