import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import {
  type FetchRequest,
  type ProtectFetchOptions,
  protectFetch,
  rejectionResponse,
} from '../../src/fetch/index.ts'
import { circuitBreaker } from '../../src/hono/index.ts'
import {
  CallTimeoutError,
  type CircuitProtectorPolicy,
  CircuitState,
  fraction,
  InvalidOptionError,
  type Notice,
  type OutcomeEvent,
  ProtectedCallError,
} from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { startUpstream, status } from './upstream.ts'

type Answer =
  | Response
  | Error
  | ((input: RequestInfo | URL, init?: RequestInit) => Response | Promise<Response>)

/** A `fetch` that answers as it is told, under test, with all that its breakers tell. */
function stand(options: ProtectFetchOptions = {}) {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({ clock: clock.now })
  const notices: Notice[] = []
  const outcomes: [string, OutcomeEvent['outcome']][] = []
  const calls: Parameters<typeof fetch>[] = []
  const now: { answer: Answer } = { answer: new Response('fine') }
  const protect = protectFetch({
    storage,
    failureLimit: fraction(1, 1),
    cooldown: '30s',
    runtime: clock,
    onNotice: (notice) => notices.push(notice),
    onOutcome: (policy, { outcome }) => outcomes.push([policy.resourceKey, outcome]),
    ...options,
  })
  const inner: typeof fetch = async (...call) => {
    calls.push(call)
    if (now.answer instanceof Error) throw now.answer
    return typeof now.answer === 'function' ? now.answer(...call) : now.answer.clone()
  }
  const snapshot = async (resourceKey: string) =>
    (await storage.exchange([{ resourceKey, namespace: 'default' }]))[0]!.snapshot
  return {
    clock,
    storage,
    notices,
    outcomes,
    calls,
    now,
    protect,
    inner,
    fetch: protect(inner),
    snapshot,
  }
}

const API = 'https://api.example.com/charges'
const MAIL = 'https://mail.example.com:8443/'

describe('a protected fetch', () => {
  it('stops calling a host that fails, and no other', async () => {
    const { fetch, now, calls } = stand()
    now.answer = new Response(null, { status: 500 })
    expect((await fetch(API)).status).toBe(500)
    await expect(fetch(API)).rejects.toMatchObject({
      name: 'ProtectedCallError',
      resourceKey: 'api.example.com',
      retryAfterMs: 30_000,
    })
    now.answer = new Response('sent')
    expect(await (await fetch(MAIL)).text()).toBe('sent')
    expect(calls.map(([input]) => input)).toEqual([API, MAIL])
  })

  it('probes after the cooldown, and closes again', async () => {
    const { fetch, now, clock, snapshot } = stand()
    now.answer = new Response(null, { status: 503 })
    await fetch(API)
    clock.advance('30s')
    now.answer = new Response('back')
    expect(await (await fetch(API)).text()).toBe('back')
    expect((await snapshot('api.example.com')).status).toBe(CircuitState.CLOSED)
  })

  it('trips at 5 failures among 10 where nothing else is said', async () => {
    const { inner, now, calls } = stand()
    const fetch = protectFetch()(inner)
    now.answer = new Response(null, { status: 500 })
    for (let i = 0; i < 10; i++) await fetch(API)
    await expect(fetch(API)).rejects.toBeInstanceOf(ProtectedCallError)
    expect(calls).toHaveLength(10)
  })

  it('takes the host from a string, a URL, and a Request', async () => {
    const { fetch, outcomes } = stand()
    await fetch(API)
    await fetch(new URL(MAIL))
    await fetch(new Request('http://127.0.0.1:9/'))
    expect(outcomes.map(([key]) => key)).toEqual([
      'api.example.com',
      'mail.example.com:8443',
      '127.0.0.1:9',
    ])
  })

  it('leaves addresses without a host alone', async () => {
    const { protect, notices, outcomes } = stand()
    expect(await (await protect(fetch)('data:,hello')).text()).toBe('hello')
    expect([notices, outcomes]).toEqual([[], []])
  })

  it('lets fetch itself complain of an address that is none', async () => {
    const { protect, notices } = stand()
    await expect(protect(fetch)('/charges')).rejects.toBeInstanceOf(TypeError)
    expect(notices).toMatchObject([{ code: 'BAD_KEY' }])
  })

  it('keeps the types and the properties of the fetch that it protects', () => {
    const own = Object.assign(
      async (_input: string, _init?: { readonly cf: object }) => new Response(),
      { preconnect: () => 1 },
    )
    const { protect } = stand()
    const ours = protect(own)
    expectTypeOf(ours).toEqualTypeOf(own)
    expectTypeOf(protect(fetch)).toEqualTypeOf(fetch)
    expect(ours.preconnect()).toBe(1)
    expect([ours.name, ours.length]).toEqual([own.name, own.length])
  })
})

describe('what counts', () => {
  it.each<[string, Answer, OutcomeEvent['outcome']]>([
    ['200', new Response(), 'success'],
    ['302', new Response(null, { status: 302 }), 'success'],
    ['404', new Response(null, { status: 404 }), 'success'],
    ['429', new Response(null, { status: 429 }), 'failure'],
    ['500', new Response(null, { status: 500 }), 'failure'],
    ['503', new Response(null, { status: 503 }), 'failure'],
    ['a network error', new TypeError('fetch failed'), 'failure'],
    ['a time limit', new DOMException('too slow', 'TimeoutError'), 'failure'],
    [
      'something thrown that is no error',
      () => {
        throw 'down'
      },
      'failure',
    ],
  ])('%s', async (_, answer, outcome) => {
    const { fetch, now, outcomes } = stand()
    now.answer = answer
    await fetch(API).catch(() => {})
    expect(outcomes).toEqual([['api.example.com', outcome]])
  })

  it('is up to isFailure, of responses and of errors', async () => {
    const asked: (Response | Error)[] = []
    const { fetch, now, outcomes } = stand({
      isFailure(result) {
        asked.push(result)
        return result instanceof Response && result.status === 404
      },
    })
    const error = new TypeError('fetch failed')
    for (const answer of [
      error,
      new Response(null, { status: 500 }),
      new Response(null, { status: 404 }),
    ]) {
      now.answer = answer
      await fetch(API).catch(() => {})
    }
    expect(outcomes.map(([, outcome]) => outcome)).toEqual(['success', 'success', 'failure'])
    expect(asked[0]).toBe(error)
  })

  it('is as if nobody had asked where isFailure throws', async () => {
    const { fetch, now, outcomes, notices } = stand({
      isFailure() {
        throw new Error('broken')
      },
    })
    expect((await fetch(API)).status).toBe(200)
    now.answer = new Response(null, { status: 500 })
    expect((await fetch(API)).status).toBe(500)
    expect(outcomes.map(([, outcome]) => outcome)).toEqual(['success', 'failure'])
    expect(notices).toMatchObject([{ code: 'HOOK_FAILED' }, { code: 'HOOK_FAILED' }])
  })

  it("passes errors on as they are, and the host's own answers", async () => {
    const { fetch, now } = stand({ failureLimit: fraction(5, 10) })
    const error = new TypeError('fetch failed')
    now.answer = error
    await expect(fetch(API)).rejects.toBe(error)
    const response = new Response('down', { status: 500 })
    now.answer = () => response
    expect(await fetch(API)).toBe(response)
    expect(response.bodyUsed).toBe(false)
  })
})

describe('a caller', () => {
  it('that gives up is no failure', async () => {
    const { protect, outcomes } = stand()
    const upstream = await startUpstream()
    const controller = new AbortController()
    upstream.answer = () => controller.abort()
    await expect(protect(fetch)(upstream.url, { signal: controller.signal })).rejects.toMatchObject(
      { name: 'AbortError' },
    )
    expect(outcomes).toMatchObject([[expect.anything(), 'ignored']])
  })

  it('that gives up by the signal of its Request is none, either', async () => {
    const { protect, outcomes } = stand()
    const upstream = await startUpstream()
    const controller = new AbortController()
    upstream.answer = () => controller.abort()
    const request = new Request(upstream.url, { signal: controller.signal })
    await expect(protect(fetch)(request)).rejects.toMatchObject({ name: 'AbortError' })
    expect(outcomes).toMatchObject([[expect.anything(), 'ignored']])
  })

  it('whose time limit runs out found a dependency that is too slow', async () => {
    const { protect, outcomes } = stand()
    const upstream = await startUpstream()
    upstream.answer = () => {}
    await expect(
      protect(fetch)(upstream.url, { signal: AbortSignal.timeout(20) }),
    ).rejects.toMatchObject({
      name: 'TimeoutError',
    })
    expect(outcomes).toMatchObject([[expect.anything(), 'failure']])
  })

  it('that gave up before costs no probe', async () => {
    const { fetch, now, clock, outcomes } = stand()
    now.answer = new Response(null, { status: 500 })
    await fetch(API)
    clock.advance('30s')
    now.answer = (_, init) => {
      init?.signal?.throwIfAborted()
      return new Response('back')
    }
    await expect(fetch(API, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: 'AbortError',
    })
    expect((await fetch(API)).status).toBe(200)
    expect(outcomes.map(([, outcome]) => outcome)).toEqual(['failure', 'success'])
  })
})

describe('Retry-After', () => {
  const limited = (retryAfter: string, code = 429) =>
    new Response(null, { status: code, headers: { 'retry-after': retryAfter } })

  it.each([429, 503])('of a %s that trips lengthens the cooldown', async (code) => {
    const { fetch, now } = stand()
    now.answer = limited('120', code)
    await fetch(API)
    await expect(fetch(API)).rejects.toMatchObject({ retryAfterMs: 120_000 })
  })

  it('never shortens it', async () => {
    const { fetch, now } = stand()
    now.answer = limited('1')
    await fetch(API)
    await expect(fetch(API)).rejects.toMatchObject({ retryAfterMs: 30_000 })
  })

  it('may be a date', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) })
    try {
      const { fetch, now } = stand()
      now.answer = limited('Thu, 01 Jan 2026 00:10:00 GMT', 503)
      await fetch(API)
      await expect(fetch(API)).rejects.toMatchObject({ retryAfterMs: 600_000 })
    } finally {
      vi.useRealTimers()
    }
  })

  it('alone does not trip', async () => {
    const { fetch, now } = stand({ failureLimit: fraction(5, 10) })
    now.answer = limited('120')
    await fetch(API)
    expect((await fetch(API)).status).toBe(429)
  })

  it("opens at once, for that long and that host alone, with retryAfter 'open'", async () => {
    const { fetch, now, clock, snapshot } = stand({
      failureLimit: fraction(5, 10),
      retryAfter: 'open',
    })
    now.answer = limited('120')
    await fetch(API)
    await expect(fetch(API)).rejects.toMatchObject({ retryAfterMs: 120_000 })
    expect(await snapshot('api.example.com')).toMatchObject({
      status: CircuitState.OPEN,
      retryAfterMs: 120_000,
    })
    expect((await fetch(MAIL)).status).toBe(429)
    clock.advance('119s')
    await expect(fetch(API)).rejects.toBeInstanceOf(ProtectedCallError)
    clock.advance('1s')
    expect((await fetch(API)).status).toBe(429)
  })

  it('is heeded no longer than maxRetryAfter', async () => {
    const { fetch, now } = stand({ retryAfter: 'open', maxRetryAfter: '5m' })
    now.answer = limited('86400')
    await fetch(API)
    await expect(fetch(API)).rejects.toMatchObject({ retryAfterMs: 300_000 })
  })

  it('that says nothing is a plain failure', async () => {
    const { fetch, now } = stand({ failureLimit: fraction(5, 10), retryAfter: 'open' })
    now.answer = limited('soon')
    await fetch(API)
    expect((await fetch(API)).status).toBe(429)
  })
})

describe('key', () => {
  it('says which breaker a request belongs to', async () => {
    const seen: FetchRequest[] = []
    const { fetch, outcomes } = stand({
      key(request) {
        seen.push(request)
        return `${request.method} ${request.url.pathname} ${request.headers.get('x-tenant')}`
      },
    })
    await fetch(API, { method: 'PUT', headers: { 'X-Tenant': 'a' } })
    await fetch(new Request(API, { method: 'DELETE', headers: { 'X-Tenant': 'b' } }))
    await fetch(new Request(API, { method: 'DELETE', headers: { 'X-Tenant': 'b' } }), {
      headers: { 'X-Tenant': 'c' },
    })
    expect(outcomes.map(([key]) => key)).toEqual([
      'PUT /charges a',
      'DELETE /charges b',
      'DELETE /charges c',
    ])
    expect(seen[0]).not.toHaveProperty('body')
  })

  it('that is undefined leaves the request alone', async () => {
    const { fetch, outcomes, notices } = stand({ key: () => undefined })
    expect((await fetch(API)).status).toBe(200)
    expect([outcomes, notices]).toEqual([[], []])
  })

  it.each<[string, () => string]>([
    [
      'throws',
      () => {
        throw new Error('broken')
      },
    ],
    ['is too long', () => 'x'.repeat(256)],
    ['is no text', () => 7 as unknown as string],
    ['has no place in Postgres', () => 'a\u0000b'],
  ])('that %s lets the request run unprotected, and says so once', async (_, key) => {
    const { fetch, now, notices, outcomes } = stand({ key })
    now.answer = new Response(null, { status: 500 })
    for (let i = 0; i < 2; i++) expect((await fetch(API)).status).toBe(500)
    expect(notices).toMatchObject([{ code: 'BAD_KEY' }])
    expect(outcomes).toEqual([])
  })

  it('may be as manifold as it likes: the least recently used breaker makes room, and loses nothing', async () => {
    const { fetch, now } = stand({ maxBreakers: 2, failureLimit: fraction(2, 2) })
    now.answer = new Response(null, { status: 500 })
    await fetch(API)
    for (let i = 0; i < 4; i++) await fetch(`https://host${i}.example.com/`)
    await fetch(API)
    await expect(fetch(API)).rejects.toBeInstanceOf(ProtectedCallError)
  })
})

describe('a time limit', () => {
  it('ends a request whose headers do not come, as a failure', async () => {
    const { protect, outcomes, clock } = stand({ timeout: '10s' })
    const upstream = await startUpstream()
    const closed = new Promise((resolve) => {
      upstream.answer = (request) => {
        request.on('close', resolve)
        clock.advance(9_999)
        expect(clock.pending).toBe(1)
        clock.advance(1)
      }
    })
    await expect(protect(fetch)(upstream.url)).rejects.toBeInstanceOf(CallTimeoutError)
    expect(outcomes).toMatchObject([[expect.anything(), 'failure']])
    await closed
  })

  it('ends one whose fetch heeds no signal', async () => {
    const { fetch, now, clock } = stand({ timeout: '10s' })
    now.answer = () => {
      queueMicrotask(() => clock.advance('10s'))
      return new Promise<Response>(() => {})
    }
    await expect(fetch(API)).rejects.toBeInstanceOf(CallTimeoutError)
  })

  it('leaves a body alone that takes longer', async () => {
    const { protect, clock } = stand({ timeout: '10s' })
    const upstream = await startUpstream()
    let end = () => {}
    upstream.answer = (_, response) => {
      response.write('head ')
      end = () => response.end('and tail')
    }
    const response = await protect(fetch)(upstream.url)
    clock.advance('1h')
    end()
    expect(await response.text()).toBe('head and tail')
  })

  it('does not take the place of the caller’s signal, not even for the body', async () => {
    const { protect, outcomes } = stand({ timeout: '10s' })
    const upstream = await startUpstream()
    upstream.answer = (_, response) => response.write('head ')
    const controller = new AbortController()
    const response = await protect(fetch)(new Request(upstream.url, { signal: controller.signal }))
    controller.abort()
    await expect(response.text()).rejects.toMatchObject({ name: 'AbortError' })
    expect(outcomes).toMatchObject([[expect.anything(), 'success']])
  })
})

describe('what goes through', () => {
  it.each([undefined, '10s'] as const)(
    'is a Request with its body (timeout %s)',
    async (timeout) => {
      const { protect } = stand(timeout && { timeout })
      const upstream = await startUpstream()
      const request = new Request(upstream.url, { method: 'POST', body: 'a body' })
      expect(await (await protect(fetch)(request)).text()).toBe('a body')
    },
  )

  it.each([undefined, '10s'] as const)('is a streamed body (timeout %s)', async (timeout) => {
    const { protect } = stand(timeout && { timeout })
    const upstream = await startUpstream()
    const body = new Blob(['one ', 'two']).stream()
    const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' }
    expect(await (await protect(fetch)(upstream.url, init)).text()).toBe('one two')
  })

  it('is a streamed response, of which each chunk comes as soon as it is sent', async () => {
    const { protect } = stand()
    const upstream = await startUpstream()
    let end = () => {}
    upstream.answer = (_, response) => {
      response.write('first')
      end = () => response.end('last')
    }
    const reader = (await protect(fetch)(upstream.url)).body!.getReader()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('first')
    end()
    expect(new TextDecoder().decode((await reader.read()).value)).toBe('last')
  })

  it('is, without a time limit, exactly what the caller passed', async () => {
    const { fetch, calls } = stand()
    const input = new Request(API)
    const init = { headers: { a: 'b' } }
    await fetch(input, init)
    await fetch(input)
    expect(calls[0]![0]).toBe(input)
    expect(calls[0]![1]).toBe(init)
    expect(calls[1]![1]).toBeUndefined()
  })
})

describe('a rejection', () => {
  it('is what the fallback makes of it, such as a 503 with Retry-After', async () => {
    const { fetch, now, calls } = stand({ fallback: rejectionResponse })
    now.answer = new Response(null, { status: 500 })
    await fetch(API)
    const response = await fetch(API)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30'])
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(calls).toHaveLength(1)
  })

  it.each<ProtectFetchOptions>([
    {},
    { fallback: async () => new Response('a spare one', { status: 500 }) },
  ])('of a breaker within counts for nothing without: %o', async (options) => {
    const inner = stand(options)
    const outer = stand()
    inner.now.answer = new Response(null, { status: 500 })
    await inner.fetch(API)
    const fetch = outer.protect(inner.fetch)
    await fetch(API).catch(() => {})
    expect(outer.outcomes).toEqual([['api.example.com', 'ignored']])
  })

  it('of a breaker within is not answered in its place', async () => {
    const inner = stand()
    const outer = stand({ fallback: rejectionResponse })
    inner.now.answer = new Response(null, { status: 500 })
    await inner.fetch(API)
    await expect(outer.protect(inner.fetch)(API)).rejects.toBeInstanceOf(ProtectedCallError)
  })

  it('of a breaker behind an origin counts for nothing where that is trusted, and else as what it looks like', async () => {
    const upstream = await startUpstream()
    upstream.answer = status(503, { 'resilient-circuit': 'rejected' })
    const trusting = stand({ trustRejectionsFrom: [upstream.url] })
    const other = stand({ trustRejectionsFrom: ['https://api.example.com'] })
    await trusting.protect(fetch)(upstream.url)
    await other.protect(fetch)(upstream.url)
    expect(trusting.outcomes).toMatchObject([[expect.anything(), 'ignored']])
    expect(other.outcomes).toMatchObject([[expect.anything(), 'failure']])
  })

  it('is recognised by a breaker on a Hono route', async () => {
    const { Hono } = await import('hono')
    const { fetch, now } = stand({ fallback: rejectionResponse })
    now.answer = new Response(null, { status: 500 })
    await fetch(API)
    const outcomes: string[] = []
    const app = new Hono()
    app.use(
      circuitBreaker({
        resourceKey: 'route',
        onOutcome: (_, { outcome }) => outcomes.push(outcome),
      }),
    )
    app.get('/', () => fetch(API))
    expect((await app.request('/')).status).toBe(503)
    expect(outcomes).toEqual(['ignored'])
  })
})

describe('background work', () => {
  /** A storage that others share, as far as the breakers know. */
  const shared = (storage: InMemoryStorage) =>
    new Proxy(storage, { get: (target, name) => (name === 'shared' ? true : bound(target, name)) })
  const bound = (target: object, name: string | symbol) => {
    const value = Reflect.get(target, name)
    return typeof value === 'function' ? value.bind(target) : value
  }

  it('goes to the waitUntil of the lifetime that was given with fetch, and breakers are shared by all of them', async () => {
    const { storage, inner, now, snapshot } = stand()
    const policies = new Set<CircuitProtectorPolicy>()
    const protect = protectFetch({
      storage: shared(storage),
      failureLimit: fraction(1, 1),
      onOutcome: (policy) => policies.add(policy),
    })
    now.answer = new Response(null, { status: 500 })
    const works: Promise<unknown>[] = []
    class Context {
      #works = works
      waitUntil(work: Promise<unknown>) {
        this.#works.push(work)
      }
    }
    await protect(inner, new Context())(API)
    expect(works.length).toBeGreaterThan(0)
    await Promise.all(works)
    expect((await snapshot('api.example.com')).status).toBe(CircuitState.OPEN)
    await expect(protect(inner, new Context())(API)).rejects.toBeInstanceOf(ProtectedCallError)
    expect(policies.size).toBe(1)
  })

  it('goes to background where that is a function', async () => {
    const { storage, inner, now, snapshot } = stand()
    const works: Promise<unknown>[] = []
    const protect = protectFetch({
      storage: shared(storage),
      failureLimit: fraction(1, 1),
      background: (work) => works.push(work),
    })
    now.answer = new Response(null, { status: 500 })
    await protect(inner)(API)
    expect(works.length).toBeGreaterThan(0)
    await Promise.all(works)
    expect((await snapshot('api.example.com')).status).toBe(CircuitState.OPEN)
  })
})

describe('options', () => {
  it.each<[string, ProtectFetchOptions]>([
    ['key', { key: 'host' as never }],
    ['isFailure', { isFailure: true as never }],
    ['fallback', { fallback: 'respond' as never }],
    ['timeout', { timeout: 0 }],
    ['maxBreakers', { maxBreakers: 0 }],
    ['trustRejectionsFrom', { trustRejectionsFrom: ['https://api.example.com/path'] }],
    ['retryAfter', { retryAfter: 'close' as never }],
    ['maxRetryAfter', { maxRetryAfter: '25h' }],
    ['cooldown', { cooldown: 0 }],
    ['storage', { storage: {} as never }],
  ])('that cannot be meant are refused at once, by name: %s', (option, options) => {
    expect(() => protectFetch(options)).toThrow(InvalidOptionError)
    expect(() => protectFetch(options)).toThrow(new RegExp(`^${option} must be`))
  })

  it('of what is to be protected are refused, too', () => {
    expect(() => protectFetch()(undefined as never)).toThrow(/^fetch must be a function/)
  })
})
