import { getEventListeners } from 'node:events'
import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  CallTimeoutError,
  CircuitProtectorPolicy,
  FixedDelay,
  fraction,
  InvalidOptionError,
  RetryLimitReached,
  RetryWithBackoffPolicy,
  SafetyNet,
  TimeoutPolicy,
} from '../../src/index.ts'
import { FakeClock } from '../../src/testing/clock.ts'

const hangs = () => new Promise<never>(() => {})

/** A function that hangs until its signal aborts, and then throws something of its own. */
const heedful = ({ signal }: { readonly signal: AbortSignal }) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('torn down'))),
  )

function limited() {
  const clock = new FakeClock()
  return { clock, policy: new TimeoutPolicy({ timeout: '2s', runtime: clock }) }
}

describe('TimeoutPolicy', () => {
  it('answers what comes in time, and leaves no timer and no listener behind', async () => {
    const { clock, policy } = limited()
    const { signal } = new AbortController()
    expect(await policy.execute(() => 'done', signal)).toBe('done')
    await expect(policy.execute(() => Promise.reject(new Error('down')), signal)).rejects.toThrow(
      'down',
    )
    expect(clock.pending).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it.each([
    ['heeds its signal', heedful],
    ['does not heed its signal', hangs],
  ])('gives up a function that %s', async (_, fn) => {
    const { clock, policy } = limited()
    const call = policy.execute(fn).catch((error) => error)
    clock.advance('2s')
    const error = await call
    expect(error).toBeInstanceOf(CallTimeoutError)
    expect(error.message).toBe('call took longer than 2000 ms')
  })

  it('aborts the function’s signal with the error as its reason', async () => {
    const { clock, policy } = limited()
    let seen: AbortSignal | undefined
    const call = policy
      .execute(({ signal }) => {
        seen = signal
        return hangs()
      })
      .catch((error) => error)
    expect(seen?.aborted).toBe(false)
    clock.advance('2s')
    expect(await call).toBe(seen?.reason)
  })

  it('leaves the caller’s abort what it is', async () => {
    const controller = new AbortController()
    const { clock, policy } = limited()
    const call = policy.execute(hangs, { signal: controller.signal })
    controller.abort('gone')
    await expect(call).rejects.toBe('gone')
    expect(clock.pending).toBe(0)
  })

  it('that runs out is a failure to a breaker on either side', async () => {
    for (const isOutside of [true, false]) {
      const { clock, policy } = limited()
      const breaker = new CircuitProtectorPolicy({ failureLimit: fraction(5, 5), runtime: clock })
      const policies = isOutside ? [breaker, policy] : [policy, breaker]
      const call = new SafetyNet({ policies }).execute(heedful)
      clock.advance('2s')
      await expect(call).rejects.toBeInstanceOf(CallTimeoutError)
      await expect.poll(() => [...breaker.executionLog]).toEqual([false])
    }
  })

  it('within a retry limits each attempt', async () => {
    const { clock, policy } = limited()
    const retry = new RetryWithBackoffPolicy({
      maxRetries: 1,
      backoff: new FixedDelay(0),
      runtime: clock,
    })
    const call = new SafetyNet({ policies: [retry, policy] }).execute(hangs).catch((error) => error)
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect.poll(() => clock.pending).toBe(1)
      clock.advance('2s')
    }
    const error = await call
    expect(error).toBeInstanceOf(RetryLimitReached)
    expect(error.cause).toBeInstanceOf(CallTimeoutError)
  })

  it('keeps arguments, this, name and types of what it wraps', async () => {
    const { policy } = limited()
    const account = {
      rate: 2,
      charge: policy.wrap(async function charge(this: { rate: number }, amount: number) {
        return amount * this.rate
      }),
    }
    expect(await account.charge(21)).toBe(42)
    expect(account.charge.name).toBe('charge')
    expectTypeOf(account.charge).parameters.toEqualTypeOf<[number]>()
    expectTypeOf(account.charge).returns.toEqualTypeOf<Promise<number>>()
  })

  it.each([
    [undefined, 'timeout must be a duration from 1ms to 1d'],
    [{}, 'timeout must be a duration from 1ms to 1d'],
    [{ timeout: 0 }, 'timeout must be a duration from 1ms to 1d'],
    [{ timeout: '25h' }, 'timeout must be a duration from 1ms to 1d'],
    [{ timeout: 1, after: 2 }, 'after is no option'],
    [{ timeout: 1, onNotice: 'log' }, 'onNotice must be a function; got "log"'],
    [{ timeout: 1, runtime: {} }, 'runtime.now must be a function; got undefined'],
  ])('refuses %o', (options, message) => {
    const make = () => new TimeoutPolicy(options as never)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })
})
