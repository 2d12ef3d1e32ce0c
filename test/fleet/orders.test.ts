import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import { activeOverride } from '../../src/core/state.ts'
import { Lab, late } from './lab.ts'

const BOUND_MS = 5_000
const ROUND_TRIP_MS = 30
/** An isolate reads, and where there may be a place for a probe it asks for it. */
const IN_TIME_MS = BOUND_MS + 2 * ROUND_TRIP_MS
const EVERY_MS = 200
/** How far isolates spread their first asks where a cooldown ends by itself. */
const LONGEST_ASK_DELAY_MS = 1_000

let lab: Lab
beforeEach(() => {
  lab = new Lab()
})

const isolate = () => {
  const made = lab.breaker({ cooldown: '10m' })
  made.network.usual = late(lab, ROUND_TRIP_MS)
  return made.policy
}

/** Calls at even intervals for so long. @returns what came of the last call */
const callsFor = async (policy: CircuitProtectorPolicy, ms: number): Promise<string> => {
  let last = 'no call'
  for (let passed = 0; passed < ms; passed += EVERY_MS)
    last = await lab.callWithin(EVERY_MS, policy)
  return last
}

describe('an order that ends a cooldown early', () => {
  it.each([
    ['lifts an isolation', (by: CircuitProtectorPolicy) => by.override(null)],
    ['closes', (by: CircuitProtectorPolicy) => by.close()],
    ['resets', (by: CircuitProtectorPolicy) => by.reset()],
    ['lets all through', (by: CircuitProtectorPolicy) => by.override('DISABLED')],
    ['only measures', (by: CircuitProtectorPolicy) => by.override('METRICS_ONLY')],
    ['isolates for a moment', (by: CircuitProtectorPolicy) => by.isolate({ for: '100ms' })],
  ])('is acted on within the bound: one that %s', async (_, order) => {
    const operator = lab.breaker({ cooldown: '10m' }).policy
    const policy = isolate()
    await operator.isolate({ for: '2m' })
    expect(await callsFor(policy, 3_000)).toBe('FORCED_OPEN')
    await order(operator)
    expect(await callsFor(policy, IN_TIME_MS + 1_000)).toBe('value')
  })

  it('leaves no old retryAfterMs behind', async () => {
    const operator = lab.breaker({ cooldown: '10m' }).policy
    const policy = isolate()
    await operator.isolate({ for: '2m' })
    await callsFor(policy, 3_000)
    await operator.isolate({ for: '20s' })
    await callsFor(policy, IN_TIME_MS)
    const rejection = await policy.execute(() => 'value').catch((error) => error)
    expect(rejection.retryAfterMs).toBeLessThanOrEqual(16_000)
  })
})

type Order = (by: CircuitProtectorPolicy) => Promise<unknown>
const duration = fc.constantFrom('1s', '20s', '2m', '1h')
const orders: fc.Arbitrary<Order> = fc.oneof(
  fc.constantFrom<Order>(
    (by) => by.open(),
    (by) => by.close(),
    (by) => by.reset(),
    (by) => by.override(null),
    (by) => by.isolate(),
  ),
  duration.map(
    (time): Order =>
      (by) =>
        by.isolate({ for: time as '1s' }),
  ),
  duration.map(
    (time): Order =>
      (by) =>
        by.override('DISABLED', { for: time as '1s' }),
  ),
  duration.map(
    (time): Order =>
      (by) =>
        by.override('METRICS_ONLY', { for: time as '1s' }),
  ),
)

it('within its bound every isolate does what the newest order says, whatever orders came before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ order: orders, after: fc.integer({ min: 0, max: 90 }) }), {
        minLength: 1,
        maxLength: 6,
      }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      async (all, chance) => {
        lab = new Lab()
        lab.chance = chance
        const operator = lab.breaker({ cooldown: '10m' }).policy
        const policies = [isolate(), isolate()]
        let was = { rejects: false, since: 0 }
        /** Does the row reject calls, and since when is that so? */
        const verdict = async () => {
          const id = { resourceKey: 'dependency', namespace: 'default' }
          const { snapshot } = (await lab.store.exchange([id]))[0]!
          const stands = activeOverride(snapshot, snapshot.at)?.kind
          const passes = stands === 'DISABLED' || stands === 'METRICS_ONLY'
          const rejects = snapshot.status === 'OPEN' && snapshot.retryAfterMs !== 0 && !passes
          if (was.rejects !== rejects) was = { rejects, since: lab.elapsed }
          return was
        }
        for (const { order, after } of all) {
          await order(operator)
          // An order that renews another one changes nothing at first, but the old one may end before it is known.
          was = { ...was, since: lab.elapsed }
          for (let tick = 0; tick < after; tick++) {
            const { rejects, since } = await verdict()
            const known = lab.elapsed - since > IN_TIME_MS + LONGEST_ASK_DELAY_MS
            for (const policy of policies) {
              const result = await lab.callWithin(EVERY_MS / 2, policy)
              if (known) expect(result === 'value').toBe(!rejects)
            }
          }
        }
      },
    ),
    { numRuns: 60 },
  )
})
