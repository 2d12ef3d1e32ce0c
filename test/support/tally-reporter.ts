import type { Reporter, SerializedError, TestModule, TestRunEndReason } from 'vitest/node'

/**
 * Ends a run with one plain line, `N passed, N failed` (and `, N skipped` where there are any), for readers that are no people.
 * A file that cannot be loaded, an error outside of any test, and an interrupted run count as failed: no run that fails
 * says `0 failed`.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    console.log(tally(modules, errors.length, reason))
  }
}

/** The line itself. */
export function tally(
  modules: readonly TestModule[],
  errors: number,
  reason: TestRunEndReason,
): string {
  let passed = 0
  let failed = errors
  let skipped = 0
  for (const module of modules) {
    const before = failed
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') passed++
      else if (state === 'failed') failed++
      else skipped++
    }
    if (failed === before && module.state() === 'failed') failed++
  }
  if (failed === 0 && reason !== 'passed') failed = 1
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
