import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  CallTimeoutError,
  CircuitProtectorPolicy,
  FixedDelay,
  fraction,
  type GiveUpEvent,
  InvalidOptionError,
  RetryLimitReached,
  type RetryWithBackoffOptions,
  RetryWithBackoffPolicy,
} from '../../src/index.ts'
import { FakeClock } from '../../src/testing/clock.ts'

const down = new Error('down')
const hangs = () => new Promise<never>(() => {})

function limited(options: RetryWithBackoffOptions = {}) {
  const clock = new FakeClock()
  const events: GiveUpEvent[] = []
  const retry = new RetryWithBackoffPolicy({
    totalTimeout: '10s',
    runtime: clock,
    onGiveUp: (event) => events.push(event),
    ...options,
  })
  return { clock, events, retry }
}

describe('the total time limit of a retry', () => {
  it('gives up the attempt that runs when it is over, and aborts its signal', async () => {
    const { clock, retry } = limited({ backoff: new FixedDelay('1s') })
    const signals: AbortSignal[] = []
    const call = retry
      .execute(({ signal }) => {
        signals.push(signal)
        return signals.length === 1 ? Promise.reject(down) : hangs()
      })
      .catch((error) => error)
    // The time limit's timer and the wait's.
    await expect.poll(() => clock.pending).toBe(2)
    clock.advance('1s')
    await expect.poll(() => signals.length).toBe(2)
    clock.advance('9s')
    const error = await call
    expect(error).toBeInstanceOf(RetryLimitReached)
    expect(error).toMatchObject({ reason: 'TOTAL_TIMEOUT', attempts: 2, cause: down })
    expect(signals[1]!.aborted).toBe(true)
    expect(signals[1]!.reason).toBeInstanceOf(CallTimeoutError)
    expect(clock.pending).toBe(0)
  })

  it('begins no wait that would last longer than it', async () => {
    const { clock, events, retry } = limited({ backoff: new FixedDelay('10s') })
    await expect(retry.execute(() => Promise.reject(down))).rejects.toMatchObject({
      reason: 'TOTAL_TIMEOUT',
      attempts: 1,
      cause: down,
      message: 'the only attempt failed; there is no time left for another',
    })
    expect(events).toEqual([{ reason: 'TOTAL_TIMEOUT', attempts: 1, elapsedMs: 0, error: down }])
    expect(clock.pending).toBe(0)
  })

  it('that ends the first attempt is the cause itself', async () => {
    for (const rethrow of ['limit', 'last'] as const) {
      const { clock, retry } = limited({ rethrow })
      const call = retry.execute(hangs).catch((error) => error)
      clock.advance('10s')
      const error = await call
      expect(rethrow === 'last' ? error : error.cause).toMatchObject({
        code: 'CALL_TIMEOUT',
        message: 'call took longer than 10000 ms',
      })
    }
  })

  it('with rethrow: "last" throws what the last attempt threw', async () => {
    const { clock, retry } = limited({ rethrow: 'last' })
    let attempts = 0
    const call = retry.execute(() => (++attempts === 1 ? Promise.reject(down) : hangs()))
    await expect.poll(() => attempts).toBe(2)
    clock.advance('10s')
    await expect(call).rejects.toBe(down)
  })

  it('that runs out is a failure to the breaker within', async () => {
    const { clock, retry } = limited()
    const breaker = new CircuitProtectorPolicy({ failureLimit: fraction(5, 5), runtime: clock })
    const call = retry.execute(({ signal }) =>
      breaker.execute(
        () =>
          new Promise((_, reject) =>
            signal.addEventListener('abort', () => reject(new Error('aborted'))),
          ),
        signal,
      ),
    )
    clock.advance('10s')
    await expect(call).rejects.toMatchObject({ reason: 'TOTAL_TIMEOUT' })
    await expect.poll(() => [...breaker.executionLog]).toEqual([false])
  })

  it('leaves no timer and no listener behind where all is well', async () => {
    const { clock, retry } = limited()
    const { signal } = new AbortController()
    expect(await retry.execute(() => 'done', signal)).toBe('done')
    expect(clock.pending).toBe(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('leaves the caller’s own abort what it is', async () => {
    const { retry } = limited()
    const controller = new AbortController()
    const call = retry.execute(hangs, controller.signal)
    controller.abort('gone')
    await expect(call).rejects.toBe('gone')
  })

  it.each([0, '25h', 'soon'])('is a duration from 1 ms to a day, and not %o', (totalTimeout) => {
    const make = () => new RetryWithBackoffPolicy({ totalTimeout: totalTimeout as never })
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow('totalTimeout must be a duration from 1ms to 1d')
  })
})
