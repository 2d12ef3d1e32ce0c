import { fraction } from '../../src/core/limits.ts'
import type { FleetGroup, SimulationOptions } from '../../src/testing/simulator/index.ts'

export const RULE = { failures: 5, outOf: 10 } as const
export const COOLDOWN_MS = 10_000

/** How long the dependency is in each of its phases, in seconds. */
export interface Course {
  readonly healthy: number
  readonly failing: number
  readonly dead: number
  readonly back: number
}

export const PHASES = ['healthy', '1 % failures', 'dead', 'recovering'] as const

/** A fleet whose dependency is healthy, fails now and then, dies, and comes back. */
export function living(
  group: FleetGroup,
  { healthy, failing, dead, back }: Course,
): SimulationOptions {
  const ends = [healthy, healthy + failing, healthy + failing + dead]
  return {
    durationMs: (healthy + failing + dead + back) * 1_000,
    fleet: [group],
    dependency: PHASES.map((name, i) => ({
      name,
      fromMs: (i === 0 ? 0 : ends[i - 1]!) * 1_000,
      failures: [0, 0.01, 1, 0.01][i]!,
    })),
    breaker: { failureLimit: fraction(RULE.failures, RULE.outOf), cooldown: COOLDOWN_MS },
  }
}
