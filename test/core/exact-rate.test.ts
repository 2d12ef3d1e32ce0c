import { describe, expect, it } from 'vitest'
import { failureRate } from '../../src/core/limits.ts'
import { Script } from './script.ts'

/** What a breaker is after so many failures behind so many successes. */
function statusAfter(rate: number, failures: number, calls: number): string {
  const script = new Script({
    failureLimit: failureRate(rate, { over: '1h', minimumThroughput: calls }),
  })
  script.succeed(calls - failures)
  script.fail(failures)
  return script.state.status
}

describe('a failure rate is reached by exactly so many failures', () => {
  it.each([
    [0.07, 7, 100],
    [0.28, 7, 25],
    [0.29, 29, 100],
    [0.57, 57, 100],
    [1 / 3, 1, 3],
    [5 / 6, 5, 6],
  ])('%s by %s of %s', (rate, failures, calls) => {
    expect(statusAfter(rate, failures, calls)).toBe('OPEN')
    expect(statusAfter(rate, failures - 1, calls)).toBe('CLOSED')
  })

  it.each([100, 1_000])('for every share of %s calls', (calls) => {
    const wrong = Array.from({ length: calls - 1 }, (_, i) => i + 1).filter((failures) => {
      const rate = Number(`${failures}e-${Math.log10(calls)}`)
      return (
        statusAfter(rate, failures, calls) !== 'OPEN' ||
        (failures > 1 && statusAfter(rate, failures - 1, calls) !== 'CLOSED')
      )
    })
    expect(wrong).toEqual([])
  })
})
