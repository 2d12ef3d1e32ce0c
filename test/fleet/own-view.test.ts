import fc from 'fast-check'
import { expect, it } from 'vitest'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { replay } from '../../src/core/report.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { BLANK } from '../../src/core/state.ts'
import { Batch } from '../../src/fleet/batch.ts'
import { OwnOutcomes } from '../../src/fleet/own-outcomes.ts'
import { hangs, Lab } from './lab.ts'

const limits = fc.oneof(
  fc
    .integer({ min: 1, max: 12 })
    .chain((n) => fc.integer({ min: 1, max: n }).map((k) => fraction(k, n))),
  fc
    .record({
      rate: fc.constantFrom(0.3, 0.5, 0.8),
      minimumThroughput: fc.integer({ min: 1, max: 8 }),
    })
    .map(({ rate, minimumThroughput }) => failureRate(rate, { over: '30s', minimumThroughput })),
)

it('trips an isolate that nobody answers at the very call at which the rule would, given the row and all that happened here', async () => {
  await fc.assert(
    fc.asyncProperty(
      limits,
      fc.array(fc.boolean(), { maxLength: 15 }),
      fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
      async (failureLimit, before, calls) => {
        const lab = new Lab()
        const row = lab.breaker({ failureLimit, consistency: 'strong' }).policy
        for (const failed of before) await lab.call(row, failed ? 'fails' : 'ok')
        if (row.status !== 'CLOSED') return
        const { policy, network } = lab.breaker({ failureLimit })
        const snapshot = await policy.refresh()
        network.usual = hangs
        let outcomes = ''
        for (const failed of calls) {
          await lab.call(policy, failed ? 'fails' : 'ok')
          outcomes += failed ? '1' : '0'
          if (snapshot.status !== 'CLOSED') throw new Error('it was closed')
          const { cause } = replay(
            snapshot,
            outcomes,
            resolveSettings({ failureLimit }),
            snapshot.at,
          )
          expect(policy.status).toBe(cause === null ? 'CLOSED' : 'OPEN')
          if (cause !== null) return
        }
      },
    ),
    { numRuns: 300 },
  )
})

it('forgets no success that was put behind a failure before the two were sent', () => {
  const own = new OwnOutcomes(resolveSettings({ failureLimit: fraction(2, 3) }))
  const row = { ...BLANK, log: '000' }
  const [sent, next] = [new Batch(0, 10), new Batch(0, 10)]
  own.failure(sent, 0)
  expect(own.trip(row, () => '1', 0)).toBe(false)
  own.failure(next, 0)
  expect(own.trip(row, () => '10001', 0)).toBe(false)
  own.failure(next, 1)
  expect(own.trip(row, () => '1000101', 0)).toBe(true)
})

it('lets go of what a time window has left behind since the last failure', () => {
  const own = new OwnOutcomes(
    resolveSettings({ failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 5 }) }),
  )
  const none = Array<number>(9).fill(0)
  const row = {
    ...BLANK,
    buckets: { newest: 0, widthMs: 1_000, successes: [...none, 0], failures: [...none, 3] },
  }
  const batch = new Batch(0, 10)
  own.failure(batch, 0)
  expect(own.trip(row, () => '1', 500)).toBe(false)
  own.failure(batch, 0)
  expect(own.trip(row, () => '11', 20_000)).toBe(false)
})
