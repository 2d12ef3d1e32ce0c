import { failureRate, fraction } from '../../src/core/limits.ts'
import type { BreakerOptions, Phase, SimulationOptions } from '../../src/testing/simulator/index.ts'

interface Rule {
  readonly failureLimit: BreakerOptions['failureLimit']
  /** How long the fleet is well at first, and then in trouble, in seconds: the window is full, and the rule has time to trip. */
  readonly calm: number
  readonly trouble: number
}

interface Trouble {
  /** How many of so many isolates have a dead dependency. */
  readonly dead: (isolates: number) => number
  /** The share of everybody else's calls that fails. */
  readonly failures: number
}

const PACES = {
  '10 calls/s': { callsPerSecond: 10 },
  '1 call/s': { callsPerSecond: 1 },
  'one call each': { callsPerSecond: 1, callsPerLife: 1 },
} as const

const RULES: Readonly<Record<string, Rule>> = {
  '5 of 10': { failureLimit: fraction(5, 10), calm: 10, trouble: 20 },
  '50 of 100': { failureLimit: fraction(50, 100), calm: 10, trouble: 20 },
  'half in 10 s': { failureLimit: failureRate(0.5, { over: '10s' }), calm: 12, trouble: 20 },
  'half in 30 s': { failureLimit: failureRate(0.5, { over: '30s' }), calm: 32, trouble: 35 },
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'one is bad': { dead: () => 1, failures: 0 },
  '1 % are bad': { dead: (isolates) => Math.round(isolates / 100), failures: 0 },
  '10 % are bad': { dead: (isolates) => Math.round(isolates / 10), failures: 0 },
  '5 % of all calls fail': { dead: () => 0, failures: 0.05 },
  'all fail': { dead: (isolates) => isolates, failures: 0 },
}

/** One kind of fleet with one rule, in one kind of trouble. */
export interface Cell {
  readonly isolates: number
  readonly pace: string
  readonly rule: string
  readonly trouble: string
  readonly options: SimulationOptions
}

/** Every cell of fleets of this size. Where 1 % is one isolate, it is not there twice. */
export function cellsOf(isolates: number): readonly Cell[] {
  const troubles = Object.entries(TROUBLES).filter(
    ([, { dead }], i, all) => i === 0 || dead(isolates) !== all[i - 1]![1].dead(isolates),
  )
  return Object.entries(PACES).flatMap(([pace, calls]) =>
    Object.entries(RULES).flatMap(([rule, course]) =>
      troubles.map(([trouble, kind]) => ({
        isolates,
        pace,
        rule,
        trouble,
        options: simulation(isolates, calls, course, kind),
      })),
    ),
  )
}

/** What `--only` is held against. */
export const nameOf = ({ isolates, pace, rule, trouble }: Cell): string =>
  `${isolates} isolates, ${pace}, ${rule}, ${trouble}`

function simulation(
  isolates: number,
  calls: (typeof PACES)[keyof typeof PACES],
  { failureLimit, calm, trouble }: Rule,
  kind: Trouble,
): SimulationOptions {
  const dead = kind.dead(isolates)
  const turning = (failures: number): readonly Phase[] => [
    { name: 'calm', fromMs: 0, failures: 0 },
    { name: 'trouble', fromMs: calm * 1_000, failures },
  ]
  const groups = [
    { name: 'others', isolates: isolates - dead, ...calls },
    { name: 'bad', isolates: dead, ...calls, dependency: turning(1) },
  ]
  return {
    durationMs: (calm + trouble) * 1_000,
    fleet: groups.filter((group) => group.isolates > 0),
    dependency: turning(kind.failures),
    breaker: { failureLimit, cooldown: '10s' },
  }
}
