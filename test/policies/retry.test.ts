import { getEventListeners } from 'node:events'
import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import {
  CircuitProtectorPolicy,
  ExponentialDelay,
  FixedDelay,
  InvalidOptionError,
  type Notice,
  ProtectedCallError,
  RetryLimitReached,
  type RetryWithBackoffOptions,
  RetryWithBackoffPolicy,
} from '../../src/index.ts'
import { parseRetryAfter } from '../../src/policies/retry-after.ts'

const NOW = Date.UTC(2026, 0, 1)

/** A retry whose waits are over at once, and are noted. */
function instant(options: RetryWithBackoffOptions = {}) {
  const slept: number[] = []
  const after = async (ms: number) => void slept.push(ms)
  return {
    slept,
    retry: new RetryWithBackoffPolicy({
      ...options,
      runtime: { now: () => NOW, random: () => 0, after },
    }),
  }
}

/** A function that fails so often, each time with the next error, and then answers `'done'`. */
function failing(...errors: unknown[]) {
  return vi.fn(async () => {
    if (errors.length > 0) throw errors.shift()
    return 'done'
  })
}

const down = new Error('down')

describe('RetryWithBackoffPolicy', () => {
  it('answers what the first attempt answers', async () => {
    const { slept, retry } = instant({ backoff: new FixedDelay('1s') })
    const fn = failing()
    expect(await retry.execute(fn)).toBe('done')
    expect(fn).toHaveBeenCalledTimes(1)
    expect(slept).toEqual([])
  })

  it('repeats until it succeeds, waiting longer each time', async () => {
    const { slept, retry } = instant({
      backoff: new ExponentialDelay({ minDelay: '100ms', maxDelay: '2s', jitter: 0.1 }),
    })
    expect(await retry.execute(failing(down, down, down))).toBe('done')
    expect(slept).toEqual([100, 200, 400])
  })

  it('makes maxRetries + 1 attempts, and does not wait after the last', async () => {
    const { slept, retry } = instant({ maxRetries: 2, backoff: new FixedDelay('1s') })
    const last = new Error('still down')
    const fn = failing(down, down, last, 'never reached')
    const error = await retry.execute(fn).catch((reason) => reason)
    expect(error).toBeInstanceOf(RetryLimitReached)
    expect(error).toMatchObject({
      code: 'RETRY_LIMIT_REACHED',
      attempts: 3,
      cause: last,
      message: 'all 3 attempts failed',
    })
    expect(fn).toHaveBeenCalledTimes(3)
    expect(slept).toEqual([1_000, 1_000])
  })

  it('repeats three times by default, without waiting', async () => {
    const { slept, retry } = instant()
    await expect(retry.execute(failing(down, down, down, down))).rejects.toMatchObject({
      attempts: 4,
      cause: down,
    })
    expect(slept).toEqual([])
  })

  it('with no retries makes one attempt, and says so', async () => {
    const { retry } = instant({ maxRetries: 0 })
    await expect(retry.execute(failing(down))).rejects.toMatchObject({
      attempts: 1,
      message: 'the only attempt failed',
    })
  })

  it('keeps whatever was thrown as the cause', async () => {
    const { retry } = instant({ maxRetries: 0 })
    await expect(retry.execute(failing(undefined))).rejects.toSatisfy(
      (error: Error) => 'cause' in error && error.cause === undefined,
    )
  })

  it('repeats where the function throws at once, without a promise', async () => {
    const fn = vi.fn(() => {
      throw down
    })
    await expect(instant({ maxRetries: 1 }).retry.execute(fn)).rejects.toMatchObject({
      attempts: 2,
    })
  })

  it('throws an error that is not to be handled as it is', async () => {
    const { slept, retry } = instant({
      backoff: new FixedDelay(1),
      shouldHandle: (error) => error !== down,
    })
    const fn = failing(new Error('other'), down, 'never reached')
    await expect(retry.execute(fn)).rejects.toBe(down)
    expect(fn).toHaveBeenCalledTimes(2)
    expect(slept).toEqual([1])
  })

  it('tells onRetry of each repetition before it waits', async () => {
    const events: unknown[] = []
    const { slept, retry } = instant({
      maxRetries: 2,
      backoff: new FixedDelay(7),
      onRetry: (event) => events.push([event, slept.length]),
    })
    await retry.execute(failing(down, down, down)).catch(() => {})
    expect(events).toEqual([
      [{ error: down, attempts: 1, elapsedMs: 0, delayMs: 7 }, 0],
      [{ error: down, attempts: 2, elapsedMs: 0, delayMs: 7 }, 1],
    ])
  })

  it('reports hooks that fail, and never lets them replace an error or a result', async () => {
    const notices: Notice[] = []
    const broken = () => {
      throw new Error('hook')
    }
    const onNotice = (notice: Notice) => notices.push(notice)
    const { retry } = instant({ onRetry: broken, backoff: { forAttempt: broken }, onNotice })
    expect(await retry.execute(failing(down))).toBe('done')
    await expect(
      instant({ shouldHandle: broken, onNotice }).retry.execute(failing(down)),
    ).rejects.toBe(down)
    expect(notices.map(({ code, message }) => [code, message])).toEqual([
      ['HOOK_FAILED', 'backoff failed'],
      ['HOOK_FAILED', 'onRetry failed'],
      ['HOOK_FAILED', 'shouldHandle failed'],
    ])
    await expect(
      instant({ shouldHandle: broken, onNotice: broken }).retry.execute(failing(down)),
    ).rejects.toBe(down)
  })

  it.each([
    [Number.NaN, []],
    [-5, []],
    [Number.POSITIVE_INFINITY, [86_400_000]],
  ])(
    'takes a delay of %d from a backoff of your own for what a timer can do',
    async (delay, expected) => {
      const { slept, retry } = instant({ backoff: { forAttempt: () => delay } })
      await retry.execute(failing(down))
      expect(slept).toEqual(expected)
    },
  )

  it('keeps arguments, this, name and types of what it wraps', async () => {
    const { retry } = instant()
    let calls = 0
    const account = {
      rate: 2,
      charge: retry.wrap(async function charge(this: { rate: number }, amount: number) {
        if (++calls === 1) throw down
        return amount * this.rate
      }),
    }
    expect(await account.charge(21)).toBe(42)
    expect(account.charge.name).toBe('charge')
    expectTypeOf(account.charge).parameters.toEqualTypeOf<[number]>()
    expectTypeOf(account.charge).returns.toEqualTypeOf<Promise<number>>()
  })

  it.each([
    [{ maxRetries: -1 }, 'maxRetries must be a whole number from 0; got -1'],
    [{ maxRetries: 1.5 }, 'maxRetries must be a whole number from 0; got 1.5'],
    [
      { maxRetries: Number.POSITIVE_INFINITY },
      'maxRetries must be a whole number from 0; got Infinity',
    ],
    [{ maxRetries: '3' }, 'maxRetries must be a whole number from 0; got "3"'],
    [
      { backoff: 100 },
      'backoff must be an ExponentialDelay, a FixedDelay or another object with forAttempt; got 100',
    ],
    [
      { backoff: null },
      'backoff must be an ExponentialDelay, a FixedDelay or another object with forAttempt; got null',
    ],
    [{ shouldHandle: true }, 'shouldHandle must be a function; got true'],
    [{ onRetry: 'log' }, 'onRetry must be a function; got "log"'],
    [{ onNotice: 1 }, 'onNotice must be a function; got 1'],
    [{ maxRetryAfter: '25h' }, 'maxRetryAfter must be a duration from 0ms to 1d'],
  ])('refuses %o', (options, message) => {
    const make = () => new RetryWithBackoffPolicy(options as never)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })
})

describe('a retry around a breaker', () => {
  it('does not repeat what the breaker rejects, and throws the rejection itself where nothing came before', async () => {
    const { slept, retry } = instant({ backoff: new FixedDelay(5) })
    const breaker = new CircuitProtectorPolicy()
    await breaker.open()
    const fn = failing()
    const rejection = await retry.execute(() => breaker.execute(fn)).catch((error) => error)
    expect(rejection).toBeInstanceOf(ProtectedCallError)
    expect(rejection).toMatchObject({ reason: 'OPEN' })
    expect(rejection.cause).toBeUndefined()
    expect(fn).not.toHaveBeenCalled()
    expect(slept).toEqual([])
  })

  it('throws the rejection with the last real error as its cause', async () => {
    const { slept, retry } = instant({
      backoff: new FixedDelay(5),
      shouldHandle: (error) => error === down,
    })
    const breaker = new CircuitProtectorPolicy({
      resourceKey: 'api',
      cooldown: '30s',
      storage: new InMemoryStorage({ clock: () => NOW }),
      runtime: { now: () => NOW, random: () => 0, after: () => new Promise(() => {}) },
    })
    const fn = failing(down, 'never reached')
    const rejection = await retry.execute(() => breaker.execute(fn)).catch((error) => error)
    expect(rejection).toBeInstanceOf(ProtectedCallError)
    expect(rejection).toMatchObject({
      resourceKey: 'api',
      namespace: 'default',
      status: 'OPEN',
      reason: 'OPEN',
      cause: down,
    })
    expect(rejection).toMatchObject({
      name: 'ProtectedCallError',
      message: 'call to "api" rejected: OPEN',
      snapshot: { status: 'OPEN' },
    })
    expect(rejection.retryAfterMs).toBe(30_000)
    expect(fn).toHaveBeenCalledTimes(1)
    expect(slept).toEqual([5])
  })

  it('keeps the cause that an inner retry gave', async () => {
    const inner = instant().retry
    const breaker = new CircuitProtectorPolicy()
    const before = failing(new Error('before'))
    const rejection = await instant()
      .retry.execute(async () => {
        await before()
        return inner.execute(() => breaker.execute(failing(down)))
      })
      .catch((error) => error)
    expect(rejection.cause).toBe(down)
  })
})

describe('a Retry-After that an error carries', () => {
  const headers = (value: string) => new Headers({ 'Retry-After': value })

  it.each([
    ['retryAfterMs', { retryAfterMs: 1_500 }, 1_500],
    ['fetch headers, in seconds', { headers: headers('3') }, 3_000],
    ['headers of its response', { response: new Response(null, { headers: headers('2') }) }, 2_000],
    ['headers, as a date', { headers: headers(new Date(NOW + 4_000).toUTCString()) }, 4_000],
    ['plain headers, in any case', { response: { headers: { 'retry-after': '5' } } }, 5_000],
    ['plain headers that hold a number', { headers: { 'RETRY-AFTER': 6 } }, 6_000],
  ])('lengthens the wait: %s', async (_, carried, expected) => {
    const { slept, retry } = instant({ backoff: new FixedDelay(100) })
    await retry.execute(failing(Object.assign(new Error('busy'), carried)))
    expect(slept).toEqual([expected])
  })

  it.each([
    ['shorter than the backoff', { retryAfterMs: 50 }],
    ['negative', { retryAfterMs: -1 }],
    ['no number', { retryAfterMs: Number.NaN }],
    ['a past date', { headers: headers(new Date(NOW - 4_000).toUTCString()) }],
    ['neither seconds nor a date', { headers: headers('soon') }],
    ['a fraction', { headers: headers('1.5') }],
    ['missing', { headers: new Headers(), response: null }],
    ['a list', { headers: { 'retry-after': ['3'] } }],
  ])('leaves the wait as it is where it is %s', async (_, carried) => {
    const { slept, retry } = instant({ backoff: new FixedDelay(100) })
    await retry.execute(failing(Object.assign(new Error('busy'), carried)))
    expect(slept).toEqual([100])
  })

  it('is heeded without a backoff, too, and up to maxRetryAfter', async () => {
    const wish = (seconds: string) =>
      Object.assign(new Error('busy'), { headers: headers(seconds) })
    const usual = instant()
    await usual.retry.execute(failing(wish('30'), wish('31'), wish('99999999999999999999')))
    expect(usual.slept).toEqual([30_000, 30_000, 30_000])
    const patient = instant({ maxRetryAfter: '1h' })
    await patient.retry.execute(failing(wish('3600')))
    expect(patient.slept).toEqual([3_600_000])
    const deaf = instant({ maxRetryAfter: 0 })
    await deaf.retry.execute(failing(wish('3600')))
    expect(deaf.slept).toEqual([])
  })

  it('that cannot be read is no reason to lose the error', async () => {
    const { retry } = instant({ maxRetries: 1, onNotice: () => {} })
    const error = Object.defineProperty(new Error('odd'), 'headers', {
      get: () => {
        throw new Error('no headers')
      },
    })
    await expect(retry.execute(failing(error, error))).rejects.toMatchObject({
      attempts: 2,
      cause: error,
    })
  })
})

describe('the caller’s signal', () => {
  it('reaches the function', async () => {
    const { retry } = instant()
    const { signal } = new AbortController()
    expect(await retry.execute((context) => context.signal, signal)).toBe(signal)
    expect(await retry.execute((context) => context.signal, { signal })).toBe(signal)
    expect(await retry.execute((context) => context.signal.aborted)).toBe(false)
  })

  it('that is aborted already keeps the function from being called', async () => {
    const fn = failing()
    await expect(instant().retry.execute(fn, AbortSignal.abort('gone'))).rejects.toBe('gone')
    expect(fn).not.toHaveBeenCalled()
  })

  it('that aborts during an attempt ends the attempts', async () => {
    const controller = new AbortController()
    const fn = vi.fn(async () => {
      controller.abort()
      throw down
    })
    await expect(instant().retry.execute(fn, controller.signal)).rejects.toBe(down)
    expect(fn).toHaveBeenCalledTimes(1)
  })

  it('ends a wait at once, and leaves no timer and no listener behind', async () => {
    vi.useFakeTimers()
    try {
      const retry = new RetryWithBackoffPolicy({ backoff: new FixedDelay('1h') })
      const controller = new AbortController()
      const fn = failing(down)
      const call = retry.execute(fn, controller.signal)
      await vi.advanceTimersByTimeAsync(1_000)
      expect(vi.getTimerCount()).toBe(1)
      controller.abort('gone')
      await expect(call).rejects.toBe('gone')
      expect(vi.getTimerCount()).toBe(0)
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
      expect(fn).toHaveBeenCalledTimes(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('ends a wait that does not listen to it', async () => {
    const controller = new AbortController()
    const runtime = { now: Date.now, random: () => 0, after: () => new Promise<never>(() => {}) }
    const retry = new RetryWithBackoffPolicy({
      backoff: new FixedDelay(1),
      runtime,
      onRetry: () => queueMicrotask(() => controller.abort('gone')),
    })
    await expect(retry.execute(failing(down), controller.signal)).rejects.toBe('gone')
  })

  it('that aborts in a hook ends the attempts, too', async () => {
    const controller = new AbortController()
    const runtime = { now: Date.now, random: () => 0, after: () => new Promise<never>(() => {}) }
    const retry = new RetryWithBackoffPolicy({
      backoff: new FixedDelay(1),
      runtime,
      onRetry: () => controller.abort('gone'),
    })
    await expect(retry.execute(failing(down), controller.signal)).rejects.toBe('gone')
  })

  it('waits by the system’s timer where nobody brings another', async () => {
    vi.useFakeTimers()
    try {
      const controller = new AbortController()
      const call = new RetryWithBackoffPolicy({ backoff: new FixedDelay('10s') }).execute(
        failing(down),
        controller.signal,
      )
      await vi.advanceTimersByTimeAsync(9_999)
      expect(vi.getTimerCount()).toBe(1)
      await vi.advanceTimersByTimeAsync(1)
      expect(await call).toBe('done')
      expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the text of a Retry-After', () => {
  const now = Date.UTC(1994, 10, 6, 8, 49, 0)

  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 37_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 37_000],
    ['Sun Nov  6 08:49:37 1994', 37_000],
    [' 120 ', 120_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
  ])('is read as seconds or a date in UTC: %s', (text, expected) => {
    expect(parseRetryAfter(text, now)).toBe(expected)
  })

  it.each([
    'after 45',
    'in 45',
    'sec=40',
    '-1',
    '1.5',
    '',
    'tomorrow',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 PST',
  ])('is not there where it is neither: %j', (text) => {
    expect(parseRetryAfter(text, now)).toBeUndefined()
  })
})
