import {
  ConsecutiveBreaker,
  ConstantBackoff,
  circuitBreaker,
  handleAll,
  handleWhen,
  type IPolicy,
  retry,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  asCockatiel,
  CircuitProtectorPolicy,
  fraction,
  ProtectedCallError,
  RetryWithBackoffPolicy,
  SafetyNet,
} from '../../src/index.ts'

const down = new Error('down')

describe('asCockatiel', () => {
  it('gives what cockatiel’s types take for a policy', () => {
    expectTypeOf(asCockatiel(new CircuitProtectorPolicy())).toExtend<IPolicy>()
    const merged = wrap(
      retry(handleAll, { maxAttempts: 1 }),
      asCockatiel(new CircuitProtectorPolicy()),
      asCockatiel(new RetryWithBackoffPolicy()),
    )
    expectTypeOf(
      merged.execute(async ({ attempt, signal }) => (signal.aborted ? 0 : attempt)),
    ).toEqualTypeOf<Promise<number>>()
  })

  it('stands in wrap(...), inside and outside of cockatiel’s own', async () => {
    const breaker = new CircuitProtectorPolicy({ failureLimit: fraction(2, 2) })
    const again = retry(
      handleWhen((error) => !(error instanceof ProtectedCallError)),
      { maxAttempts: 5, backoff: new ConstantBackoff(0) },
    )
    let calls = 0
    const call = wrap(again, asCockatiel(breaker)).execute(() => {
      calls++
      throw down
    })
    await expect(call).rejects.toBeInstanceOf(ProtectedCallError)
    expect(calls).toBe(2)

    const outside = new CircuitProtectorPolicy({ failureLimit: fraction(2, 2) })
    await wrap(asCockatiel(outside), again)
      .execute(() => Promise.reject(down))
      .catch(() => {})
    expect([...outside.executionLog]).toEqual([false])
  })

  it('hands cockatiel’s signal to the function, and the context of the policies around it', async () => {
    const policy = wrap(
      timeout(5, TimeoutStrategy.Cooperative),
      retry(handleAll, { maxAttempts: 1 }),
      asCockatiel(new CircuitProtectorPolicy()),
    )
    const seen = await policy.execute(
      ({ signal, attempt }) =>
        new Promise<[unknown, number]>((resolve) =>
          signal.addEventListener('abort', () => resolve([signal.aborted, attempt])),
        ),
    )
    expect(seen).toEqual([true, 0])
  })

  it('hands the signal of our own timeout on to what cockatiel runs inside', async () => {
    const breaker = new CircuitProtectorPolicy({ timeout: 5 })
    let inner: AbortSignal | undefined
    const policy = wrap(
      asCockatiel(breaker),
      circuitBreaker(handleAll, { halfOpenAfter: 1, breaker: new ConsecutiveBreaker(9) }),
    )
    await expect(
      policy.execute(({ signal }) => {
        inner = signal
        return new Promise(() => {})
      }),
    ).rejects.toMatchObject({ code: 'CALL_TIMEOUT' })
    expect(inner?.aborted).toBe(true)
  })

  it('hands a caller’s signal through', async () => {
    const controller = new AbortController()
    const policy = wrap(
      asCockatiel(
        new SafetyNet({ policies: [new RetryWithBackoffPolicy(), new CircuitProtectorPolicy()] }),
      ),
    )
    const call = policy.execute(({ signal }) => {
      controller.abort('gone')
      return signal.reason
    }, controller.signal)
    expect(await call).toBe('gone')
  })

  it('tells listeners how calls ended, until they are disposed of', async () => {
    const policy = asCockatiel(new CircuitProtectorPolicy())
    const told: unknown[] = []
    const note = (event: object) => told.push(event)
    const subscriptions = [policy.onSuccess(note), policy.onFailure(note), policy.onSuccess(note)]
    subscriptions[2]!.dispose()
    expect(await policy.execute(() => 1)).toBe(1)
    await expect(policy.execute(() => Promise.reject(down))).rejects.toBe(down)
    const duration = expect.any(Number)
    expect(told).toEqual([{ duration }, { duration, handled: true, reason: { error: down } }])
    for (const subscription of subscriptions) subscription.dispose()
    await policy.execute(() => 1).catch(() => {})
    expect(told).toHaveLength(2)
  })
})
