import { expect } from 'vitest'
import type * as scenarios from '../../bench/fleet/scenarios.ts'
import { type SimulationReport, simulate } from '../../src/testing/simulator/index.ts'

/** Scaled down, so that a run takes seconds; `npm run simulate` runs the same at full scale. */
export const run = (
  scenario: scenarios.Scenario,
  scale: number,
  seed = 1,
): Promise<SimulationReport> => simulate({ ...scenario(scale), seed })

/** What must hold whatever happens. */
export function expectSound({ outcomes, callers }: SimulationReport): void {
  expect(outcomes.doubled).toBe(0)
  expect(callers.surprises).toEqual([])
  expect(callers.longestWaitMs).toBeLessThanOrEqual(500)
}
