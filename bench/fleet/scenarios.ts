import { type FailureRate, type Fraction, fraction } from '../../src/core/limits.ts'
import type { SimulationOptions } from '../../src/testing/simulator/index.ts'

/** What every scenario's breaker has in common, unless it says otherwise. */
const breaker = {
  failureLimit: fraction(5, 10) as Fraction | FailureRate,
  cooldown: '10s',
} as const
const wellBehaved = [{ name: 'healthy', fromMs: 0, failures: 0 }]
const failing = [{ name: '1 % failures', fromMs: 0, failures: 0.01 }]

/** A whole number, and at least 1. */
const scaled = (full: number, scale: number): number => Math.max(1, Math.round(full * scale))

/** A fleet scaled by `scale`, so that a test can run a tenth of it. */
export type Scenario = (scale: number) => SimulationOptions

/** 100 warm isolates at 100 calls/s each. */
export const healthy: Scenario = (scale) => ({
  durationMs: 60_000,
  fleet: [{ isolates: scaled(100, scale), callsPerSecond: 100 }],
  dependency: wellBehaved,
  breaker,
})

/** The same, with background failures. */
export const background: Scenario = (scale) => ({
  durationMs: 60_000,
  fleet: [{ isolates: scaled(100, scale), callsPerSecond: 100 }],
  dependency: failing,
  breaker,
})

/** 1,000 isolates at 10 calls/s, and 100 that call every 10 s; the dependency dies, and comes back. */
export const death: Scenario = (scale) => ({
  durationMs: 60_000,
  fleet: [
    { name: 'busy', isolates: scaled(1_000, scale), callsPerSecond: 10 },
    { name: 'quiet', isolates: scaled(100, scale), callsPerSecond: 0.1, arrivals: 'regular' },
  ],
  dependency: [
    ...wellBehaved,
    { name: 'dead', fromMs: 15_000, failures: 1 },
    { name: 'back', fromMs: 40_000, failures: 0 },
  ],
  breaker,
})

/** A fleet whose isolates call once a second. */
export const slow: Scenario = (scale) => ({
  durationMs: 40_000,
  fleet: [{ isolates: scaled(1_000, scale), callsPerSecond: 1 }],
  dependency: [
    { name: '1 % failures', fromMs: 0, failures: 0.01 },
    { name: 'dead', fromMs: 20_000, failures: 1 },
  ],
  breaker,
})

/** 100,000 isolates that live for one call each; 10 % of the calls fail. */
export const oneCall: Scenario = (scale) => ({
  durationMs: scaled(1_000_000, scale),
  fleet: [{ isolates: 100, callsPerSecond: 1, callsPerLife: 1 }],
  dependency: [{ name: '10 % failures', fromMs: 0, failures: 0.1 }],
  breaker,
})

/** The same at ten times the rate: many are on their way at once. */
export const oneCallBusy: Scenario = (scale) => ({
  durationMs: scaled(100_000, scale),
  fleet: [{ isolates: 1_000, callsPerSecond: 1, callsPerLife: 1 }],
  dependency: [{ name: '10 % failures', fromMs: 0, failures: 0.1 }],
  breaker,
})

/** Such a fleet when the dependency dies. */
export const oneCallDeath: Scenario = () => ({
  durationMs: 60_000,
  fleet: [{ isolates: 100, callsPerSecond: 1, callsPerLife: 1 }],
  dependency: [
    ...wellBehaved,
    { name: 'dead', fromMs: 15_000, failures: 1 },
    { name: 'back', fromMs: 40_000, failures: 0 },
  ],
  breaker,
})

/** 10,000 isolates at 10 calls/s on one key: healthy, with failures, dead, recovering. */
export const hotKey: Scenario = (scale) => ({
  durationMs: 65_000,
  fleet: [{ isolates: scaled(10_000, scale), callsPerSecond: 10 }],
  dependency: [
    { name: 'healthy', fromMs: 0, failures: 0 },
    { name: '1 % failures', fromMs: 10_000, failures: 0.01 },
    { name: 'dead', fromMs: 30_000, failures: 1 },
    { name: 'recovering', fromMs: 45_000, failures: 0.01 },
  ],
  breaker,
})

/** A storage that answers four calls of five, and goes back in time once; the window is too wide to trip. */
export const faults: Scenario = (scale) => ({
  durationMs: 120_000,
  fleet: [{ isolates: scaled(100, scale), callsPerSecond: 10 }],
  dependency: [{ name: '5 % failures', fromMs: 0, failures: 0.05 }],
  breaker: { ...breaker, failureLimit: fraction(1_000, 1_000) },
  storage: { timeouts: 0.1, lostAnswers: 0.1 },
})

/** Operations that never arrive, and none whose answer is lost: what became of each outcome can be told. */
export const timeouts: Scenario = (scale) => ({
  durationMs: 120_000,
  fleet: [{ isolates: scaled(100, scale), callsPerSecond: 10 }],
  dependency: [{ name: '5 % failures', fromMs: 0, failures: 0.05 }],
  breaker: { ...breaker, failureLimit: fraction(1_000, 1_000) },
  storage: { timeouts: 0.1 },
})

/** The same with a death, and rows that go back in time. */
export const faultsAndDeath: Scenario = (scale) => ({
  durationMs: 120_000,
  fleet: [{ isolates: scaled(100, scale), callsPerSecond: 10 }],
  dependency: [
    ...wellBehaved,
    { name: 'dead', fromMs: 20_000, failures: 1 },
    { name: 'back', fromMs: 60_000, failures: 0 },
  ],
  breaker,
  storage: { timeouts: 0.1, lostAnswers: 0.1, rewind: { atMs: 30_000, byMs: 15_000 } },
})

/** The storage is gone while the dependency dies, and comes back. */
export const outage: Scenario = (scale) => ({
  durationMs: 120_000,
  fleet: [{ isolates: scaled(100, scale), callsPerSecond: 10 }],
  dependency: [
    ...wellBehaved,
    { name: 'dead', fromMs: 30_000, failures: 1 },
    { name: 'back', fromMs: 60_000, failures: 0 },
  ],
  breaker,
  storage: { outages: [{ fromMs: 20_000, untilMs: 50_000 }] },
})
