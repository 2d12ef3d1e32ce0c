import { beforeAll, describe, expect, it } from 'vitest'
import { failureRate, fraction } from '../../src/core/limits.ts'
import {
  type Phase,
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from '../../src/testing/simulator/index.ts'
import { expectSound } from './run.ts'

const HEALTHY: readonly Phase[] = [{ name: 'healthy', fromMs: 0, failures: 0 }]
const breaker = { failureLimit: fraction(5, 10), cooldown: '10s' } as const

/** Healthy, dead for some seconds, and healthy again. */
const deadFor = (fromSecond: number, untilSecond: number): readonly Phase[] => [
  ...HEALTHY,
  { name: 'dead', fromMs: fromSecond * 1_000, failures: 1 },
  { name: 'back', fromMs: untilSecond * 1_000, failures: 0 },
]

/** Two regions on one breaker, each with a dependency of its own. */
const regions = (
  east: readonly Phase[],
  west: readonly Phase[],
  more: Partial<SimulationOptions> = {},
): SimulationOptions => ({
  durationMs: 20_000,
  fleet: [
    { name: 'east', isolates: 10, callsPerSecond: 5, dependency: east },
    { name: 'west', isolates: 5, callsPerSecond: 5, dependency: west },
  ],
  dependency: HEALTHY,
  breaker,
  ...more,
})

/** No answer of the storage, and so nothing but what `whenDegraded` says. */
const alone = (whenDegraded: 'allow' | 'reject'): Partial<SimulationOptions> => ({
  breaker: { ...breaker, whenDegraded },
  storage: { outages: [{ fromMs: 0, untilMs: 20_000 }] },
})

describe('groups of isolates', () => {
  it('meet their own dependency, or the one that all share', async () => {
    const { groups, outcomes } = await simulate({
      ...regions(deadFor(5, 10), HEALTHY, alone('allow')),
      fleet: [
        ...regions(deadFor(5, 10), HEALTHY).fleet,
        { isolates: 5, callsPerSecond: 5 },
        { isolates: 5, callsPerSecond: 5, callsPerLife: 1 },
      ],
      dependency: deadFor(15, 16),
    })
    expect(groups.map(({ name }) => name)).toEqual(['east', 'west', '2', '3'])
    const [east, west, third, fourth] = groups.map(({ reachedDead }) => reachedDead)
    // 10 isolates of 5 calls/s for 5 s, and 5 for 1 s. Chance moves n by √n: six times that is out of its reach.
    expect(Math.abs(east! - 250)).toBeLessThan(6 * Math.sqrt(250))
    expect(west).toBe(0)
    for (const each of [third!, fourth!]) expect(Math.abs(each - 25)).toBeLessThan(6 * 5)
    expect(outcomes.happened.failures).toBe(east! + third! + fourth!)
  })

  it('see no difference between a dependency of their own and the same one shared', async () => {
    const shared = deadFor(5, 10)
    const own = regions(shared, shared, { dependency: shared })
    const fleet = own.fleet.map(({ dependency, ...group }) => group)
    expect(await simulate(own)).toEqual(await simulate({ ...own, fleet }))
  })

  it('have a dead dependency only while every group has one', async () => {
    const apart = await simulate(regions(deadFor(2, 6), deadFor(12, 16)))
    expect(apart.stop).toBeNull()
    expect(apart.opens).toMatchObject({ missed: 0, falseOracle: apart.opens.oracle })
    // A hundred in a row: what one region alone cannot reach.
    const { stop } = await simulate(
      regions(deadFor(4, 12), deadFor(6, 14), { breaker: { failureLimit: fraction(100, 100) } }),
    )
    expect(stop!.diedAt).toBe(6_000)
    expect(stop!.limitAt).toBeGreaterThan(6_000)
  })

  it('each begin where the phases say, however the shared ones are cut', async () => {
    const one = await simulate(regions(deadFor(5, 10), HEALTHY))
    const cut = [0, 7].map((second) => ({ name: '', fromMs: second * 1_000, failures: 0 }))
    const { phases, ...two } = await simulate(regions(deadFor(5, 10), HEALTHY, { dependency: cut }))
    expect(phases).toHaveLength(2)
    expect({ ...two, phases: one.phases }).toEqual(one)
    expect(phases[0]!.calls + phases[1]!.calls).toBe(one.calls)
    expect(phases[0]!.calls).toBeGreaterThan(0)
    expect(phases[1]!.calls).toBeGreaterThan(phases[0]!.calls)
  })
})

describe('a report', () => {
  let report: SimulationReport
  beforeAll(async () => {
    report = await simulate(regions(deadFor(5, 15), deadFor(5, 10)))
  })

  it('adds its groups up', () => {
    expectSound(report)
    const { groups, total, phases, calls } = report
    const sum = (name: 'calls' | 'reached' | 'rejected' | 'probes' | 'rejectedAlone') =>
      groups.reduce((all, group) => all + group[name], 0)
    for (const name of ['calls', 'reached', 'rejected', 'probes', 'rejectedAlone'] as const)
      expect(total[name], name).toBe(sum(name))
    expect(total.reached + total.rejected).toBe(calls)
    expect(total.reached).toBe(phases[0]!.reached)
    expect(total.rejected).toBe(phases[0]!.rejected)
    expect(report.statementsPer1000Calls).toBeCloseTo(phases[0]!.statementsPer1000Calls)
  })

  it('says when the fleet opened, and how long after the oracle', () => {
    const { opens, stop } = report
    expect(opens.oracleAt).toHaveLength(opens.oracle)
    expect(opens.fleetAt).toHaveLength(opens.fleet)
    expect(opens.oracleAt[0]).toBe(stop!.limitAt)
    expect(opens.fleetAt[0]).toBe(stop!.openedAt)
    expect(opens.firstDelayMs).toBe(stop!.openedAt - stop!.limitAt)
    expect(opens.firstDelayMs).toBeGreaterThanOrEqual(0)
  })

  it('has no delay where nobody opened', async () => {
    const { opens } = await simulate(regions(HEALTHY, HEALTHY, { durationMs: 2_000 }))
    expect(opens).toMatchObject({ fleet: 0, oracle: 0, firstDelayMs: null })
  })

  it('holds each call against what the oracle did with it', async () => {
    const dead = regions(deadFor(5, 15), deadFor(5, 15))
    const [lets, rejects] = await Promise.all([
      simulate({ ...dead, ...alone('allow') }),
      simulate({ ...dead, ...alone('reject') }),
    ])
    expect(lets!.total.rejected).toBe(0)
    expect(rejects!.total.reached).toBe(0)
    // Of one fleet everything gets through, of the other nothing: together they disagree with the oracle once for each call.
    expect(lets!.total.reachedAlone + rejects!.total.rejectedAlone).toBe(lets!.calls)
    expect(lets!.total.reachedAlone).toBeGreaterThan(0)
    expect(lets!.total.oracleReachedDead).toBe(rejects!.total.oracleReachedDead)
    // Those that it needs to know, those on their way meanwhile, and a probe.
    expect(lets!.total.oracleReachedDead).toBeGreaterThanOrEqual(5)
    expect(lets!.total.oracleReachedDead).toBeLessThan(30)
    expect(lets!.total.reachedDead).toBeGreaterThan(500)
  })
})

describe('one isolate in a hundred whose every call fails', () => {
  const lonely = (limit: readonly [number, number]): SimulationOptions => ({
    durationMs: 30_000,
    fleet: [
      { name: 'well', isolates: 99, callsPerSecond: 10 },
      { name: 'bad', isolates: 1, callsPerSecond: 10, dependency: deadFor(5, 30) },
    ],
    dependency: HEALTHY,
    breaker: { ...breaker, failureLimit: fraction(...limit) },
  })

  it('does not open a breaker that sees every call', async () => {
    const { opens, stop } = await simulate(lonely([5, 10]))
    expect(opens).toMatchObject({ oracle: 0, falseOracle: 0 })
    expect(stop).toBeNull()
  })

  it('does not open the breaker of the fleet, and stops itself', async () => {
    const report = await simulate(lonely([5, 10]))
    expectSound(report)
    expect(report.opens).toMatchObject({ fleet: 0, missed: 0 })
    const [well, bad] = report.groups
    expect(well!.rejected).toBe(0)
    // Of some 250 calls while it is bad: those that it needs to know, and a probe after each cooldown.
    expect(bad!.rejected).toBeGreaterThan(150)
  })

  it('opens it for all where one reporter is enough', async () => {
    const options = lonely([5, 10])
    const report = await simulate({ ...options, breaker: { ...options.breaker, reporters: 1 } })
    expectSound(report)
    expect(report.opens.fleet).toBeGreaterThanOrEqual(1)
    expect(report.opens.falseFleet).toBe(report.opens.fleet)
    expect(report.total.rejectedAlone).toBe(report.total.rejected)
    expect(report.groups[0]!.rejectedAlone).toBeGreaterThan(0)
  })
})

describe('a dependency that is dead for everybody', () => {
  it('opens a breaker with a time window, though each isolate has seen enough before', async () => {
    const { opens } = await simulate({
      durationMs: 70_000,
      fleet: [{ isolates: 100, callsPerSecond: 5 }],
      dependency: deadFor(20, 70),
      breaker: { failureLimit: failureRate(0.5, { over: '20s' }), cooldown: '60s' },
    })
    expect(opens).toMatchObject({ fleet: 1, oracle: 1 })
  })
})

describe('a tenth of the isolates whose every call fails', () => {
  it.each([1, 2, 3])('stops itself, and not the others, seed %i', async (seed) => {
    const report = await simulate({
      seed,
      durationMs: 50_000,
      fleet: [
        { name: 'well', isolates: 50, callsPerSecond: 10 },
        { name: 'bad', isolates: 5, callsPerSecond: 10, dependency: deadFor(20, 50) },
      ],
      dependency: HEALTHY,
      breaker: { ...breaker, failureLimit: fraction(50, 100) },
    })
    expectSound(report)
    expect(report.opens).toMatchObject({ fleet: 0, oracle: 0 })
    expect(report.groups[0]!.rejected).toBe(0)
    expect(report.groups[1]!.rejected).toBeGreaterThan(0)
  })
})
