import { describe, expect, it, vi } from 'vitest'
import { rejectionResponse } from '../../src/http/rejection.ts'
import {
  type GiveUpEvent,
  type Notice,
  ProtectedCallError,
  type RetryContext,
  type RetryEvent,
  RetryLimitReached,
  type RetryWithBackoffOptions,
  RetryWithBackoffPolicy,
  retryableResponse,
} from '../../src/index.ts'

const down = new Error('down')

/** A retry whose waits are over at once, by a clock that they move on. */
function instant(options: RetryWithBackoffOptions = {}) {
  const slept: number[] = []
  let now = Date.UTC(2026, 0, 1)
  const after = async (ms: number) => {
    slept.push(ms)
    now += ms
  }
  const runtime = { now: () => now, random: () => 0, after }
  return { slept, retry: new RetryWithBackoffPolicy({ ...options, runtime }) }
}

/** A function that answers with each in turn, and throws those that are errors. */
function answering<T>(...answers: (T | Error)[]) {
  return vi.fn(async (): Promise<T> => {
    const answer = answers.shift()!
    if (answer instanceof Error) throw answer
    return answer
  })
}

const unavailable = (status = 503, headers: Record<string, string> = {}) =>
  new Response('busy', { status, headers })
const ok = () => new Response('done')

describe('a retry of returned values', () => {
  it('does not look at them by default', async () => {
    const fn = answering(unavailable(), ok())
    expect((await instant().retry.execute(fn)).status).toBe(503)
    expect(fn).toHaveBeenCalledTimes(1)
  })

  it('repeats a call whose value is worth it', async () => {
    const { retry } = instant({ shouldRetryResult: (value) => value === 'not yet' })
    expect(await retry.execute(answering('not yet', 'not yet', 'done'))).toBe('done')
  })

  it('answers the last value where no attempt gave a better one', async () => {
    const { retry } = instant({ maxRetries: 1, shouldRetryResult: retryableResponse })
    const response = await retry.execute(answering(unavailable(), unavailable(502), ok()))
    expect(response.status).toBe(502)
    expect(await response.text()).toBe('busy')
  })

  it('cancels the body of a response that is dropped, and leaves the last one’s', async () => {
    const { retry } = instant({ shouldRetryResult: retryableResponse })
    const cancelled: string[] = []
    const streamed = (name: string) =>
      new Response(new ReadableStream({ cancel: () => void cancelled.push(name) }), { status: 503 })
    const response = await retry.execute(answering(streamed('first'), streamed('second'), ok()))
    expect(await response.text()).toBe('done')
    expect(cancelled).toEqual(['first', 'second'])
  })

  it('cancels the body where the caller goes away during the wait', async () => {
    const controller = new AbortController()
    const retry = new RetryWithBackoffPolicy({
      shouldRetryResult: retryableResponse,
      backoff: { forAttempt: () => 1 },
      runtime: { now: () => 0, random: () => 0, after: () => new Promise(() => {}) },
      onRetry: () => queueMicrotask(() => controller.abort('gone')),
    })
    let cancelled = false
    const body = new ReadableStream({
      cancel: () => {
        cancelled = true
      },
    })
    const call = retry.execute(answering(new Response(body, { status: 503 })), controller.signal)
    await expect(call).rejects.toBe('gone')
    expect(cancelled).toBe(true)
  })

  it('waits for as long as a response’s Retry-After says', async () => {
    const { slept, retry } = instant({ shouldRetryResult: retryableResponse })
    await retry.execute(answering(unavailable(429, { 'retry-after': '7' }), ok()))
    expect(slept).toEqual([7_000])
  })

  it('never repeats the response of a breaker that rejected', async () => {
    const rejection = rejectionResponse(
      new ProtectedCallError({
        resourceKey: 'api',
        namespace: 'default',
        status: 'OPEN',
        reason: 'OPEN',
        retryAfterMs: 1_000,
        snapshot: undefined,
      }),
    )
    const { retry } = instant({ shouldRetryResult: () => true })
    const fn = answering(rejection, ok())
    expect(await retry.execute(fn)).toBe(rejection)
    expect(fn).toHaveBeenCalledTimes(1)
    expect(retryableResponse(new Response(rejection.body, rejection))).toBe(false)
  })

  it('answers the value where shouldRetryResult fails, and says so', async () => {
    const notices: Notice[] = []
    const { retry } = instant({
      shouldRetryResult: () => {
        throw new Error('hook')
      },
      onNotice: (notice) => notices.push(notice),
    })
    expect(await retry.execute(answering('not yet', 'done'))).toBe('not yet')
    expect(notices.map(({ message }) => message)).toEqual(['shouldRetryResult failed'])
  })

  it.each([429, 502, 503, 504])('takes the status %d for worth it', (status) => {
    expect(retryableResponse(unavailable(status))).toBe(true)
  })

  it.each([200, 400, 408, 500, 501])('takes the status %d for an answer', (status) => {
    expect(retryableResponse(unavailable(status))).toBe(false)
  })

  it.each([undefined, null, 503, 'busy', {}, { status: '503' }])('is told of no %o', (value) => {
    expect(retryableResponse(value)).toBe(false)
  })
})

describe('the callbacks of a retry', () => {
  it('see how many attempts there were, how long they took, and how the last one ended', async () => {
    const asked: [what: unknown, context: RetryContext][] = []
    const retries: RetryEvent[] = []
    const givenUp: GiveUpEvent[] = []
    const { retry } = instant({
      maxRetries: 2,
      backoff: { forAttempt: (attempt) => attempt * 100 },
      shouldHandle: (error, context) => asked.push([error, context]) > 0,
      shouldRetryResult: (value, context) => asked.push([value, context]) > 0,
      onRetry: (event) => retries.push(event),
      onGiveUp: (event) => givenUp.push(event),
    })
    await retry.execute(answering<unknown>('not yet', down, 'still not'))
    expect(asked).toEqual([
      ['not yet', { attempts: 1, elapsedMs: 0 }],
      [down, { attempts: 2, elapsedMs: 100 }],
      ['still not', { attempts: 3, elapsedMs: 300 }],
    ])
    expect(retries).toEqual([
      { attempts: 1, elapsedMs: 0, delayMs: 100, result: 'not yet' },
      { attempts: 2, elapsedMs: 100, delayMs: 200, error: down },
    ])
    expect(givenUp).toEqual([
      { attempts: 3, elapsedMs: 300, reason: 'MAX_RETRIES', result: 'still not' },
    ])
  })

  it('that fail harm no call', async () => {
    const notices: Notice[] = []
    const { retry } = instant({
      maxRetries: 0,
      onGiveUp: () => Promise.reject(new Error('hook')),
      onNotice: (notice) => notices.push(notice),
    })
    await expect(retry.execute(answering(down))).rejects.toBeInstanceOf(RetryLimitReached)
    expect(notices.map(({ message }) => message)).toEqual(['onGiveUp failed'])
  })

  it('ask a backoff for no wait that will not be', async () => {
    const forAttempt = vi.fn((_: number) => 1)
    const { retry } = instant({ maxRetries: 1, backoff: { forAttempt } })
    await retry.execute(answering(down, down)).catch(() => {})
    expect(forAttempt.mock.calls.map(([attempt]) => attempt)).toEqual([1])
  })
})

describe('rethrow', () => {
  it('throws the last error itself where it is "last"', async () => {
    const last = new Error('still down')
    const { retry } = instant({ maxRetries: 1, rethrow: 'last' })
    await expect(retry.execute(answering(down, last))).rejects.toBe(last)
  })

  it('refuses what it does not know', () => {
    expect(() => new RetryWithBackoffPolicy({ rethrow: 'first' as never })).toThrow(
      `rethrow must be 'limit' or 'last'; got "first"`,
    )
  })
})
