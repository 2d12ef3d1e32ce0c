import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { describe, expect, it } from 'vitest'
import type { CircuitBreakerOptions } from '../../src/hono/index.ts'
import { rejectionResponse } from '../../src/http/rejection.ts'
import { fraction, ProtectedCallError } from '../../src/index.ts'
import { type Bench, bench } from './support.ts'

/** A bench whose breaker one failure has opened. */
async function open(options: Partial<CircuitBreakerOptions> = {}): Promise<Bench> {
  const opened = bench({ failureLimit: fraction(1, 1), cooldown: '30s', ...options })
  expect((await opened.app.request('/fails')).status).toBe(502)
  return opened
}

describe('a rejection', () => {
  it('is a 503 that says when to come back, is not kept, and names nothing', async () => {
    const { app } = await open({ resourceKey: 'secret-payments' })
    const response = await app.request('/ok')
    expect(response.status).toBe(503)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'retry-after': '30',
      'resilient-circuit': 'rejected',
      'x-should-retry': 'false',
    })
    const body = await response.text()
    expect(body).not.toContain('secret')
    expect(JSON.parse(body)).toEqual({
      type: 'about:blank',
      title: 'Service Unavailable',
      status: 503,
      detail: 'What this request needs is failing, and is left alone for now.',
    })
  })

  it.each([
    ['500ms', '29999ms', '1'],
    ['30s', '1ms', '30'],
    ['30s', '1s', '29'],
    ['30s', '29999ms', '1'],
  ] as const)(
    'rounds up what is left of %s after %s to %s seconds',
    async (cooldown, passed, seconds) => {
      const { app, clock } = await open({ cooldown })
      clock.advance(cooldown === '500ms' ? 0 : passed)
      expect((await app.request('/ok')).headers.get('retry-after')).toBe(seconds)
    },
  )

  it('asks for a second where the time is over by now', () => {
    const now = {
      resourceKey: 'it',
      namespace: 'default',
      status: 'OPEN',
      reason: 'OPEN',
      retryAfterMs: 0,
      snapshot: undefined,
    } as const
    expect(rejectionResponse(new ProtectedCallError(now)).headers.get('retry-after')).toBe('1')
  })

  it('does not say when to come back where nobody knows', async () => {
    const { app, breaker } = bench()
    const other = new Hono()
    other.use(breaker())
    other.get('/isolate', async (c) => c.json(await c.var.circuitBreaker!.isolate()))
    await other.request('/isolate')
    const response = await app.request('/ok')
    expect(response.status).toBe(503)
    expect(response.headers.has('retry-after')).toBe(false)
  })

  it('names the breaker where it is told to', async () => {
    const { app } = await open({ exposeNames: true, namespace: 'shop' })
    expect(await (await app.request('/ok')).json()).toMatchObject({
      resourceKey: 'it',
      namespace: 'shop',
      reason: 'OPEN',
    })
  })

  it.each([
    ['edge', '"edge"; error=destination_unavailable'],
    ['my "edge"', '"my \\"edge\\""; error=destination_unavailable'],
  ])('carries the gateway %s in Proxy-Status', async (gateway, value) => {
    const { app } = await open({ gateway })
    expect((await app.request('/ok')).headers.get('proxy-status')).toBe(value)
  })

  it('is told to onReject, and recorded nowhere', async () => {
    const rejections: ProtectedCallError[] = []
    const { app, snapshot } = await open({ onReject: (_, rejection) => rejections.push(rejection) })
    const before = await snapshot()
    await app.request('/ok')
    expect(rejections).toMatchObject([{ reason: 'OPEN', resourceKey: 'it', retryAfterMs: 30_000 }])
    expect(await snapshot()).toEqual(before)
  })
})

describe('fallback', () => {
  it('answers in the place of the 503', async () => {
    const { app } = await open({
      fallback: (c, { retryAfterMs }) => c.json({ stale: true, retryAfterMs }, 203),
    })
    const response = await app.request('/ok')
    expect([response.status, await response.json()]).toEqual([
      203,
      { stale: true, retryAfterMs: 30_000 },
    ])
  })

  it('leaves the 503 where it has no answer', async () => {
    const { app } = await open({ fallback: async () => undefined })
    expect((await app.request('/ok')).status).toBe(503)
  })

  it('fails as a handler does', async () => {
    const { app } = await open({
      fallback: () => {
        throw new Error('no fallback')
      },
    })
    app.onError((error, c) => c.text(error.message, 500))
    const response = await app.request('/ok')
    expect([response.status, await response.text()]).toEqual([500, 'no fallback'])
  })
})

describe('a breaker around another one', () => {
  it.each([
    ['', {}],
    [' with a fallback', { fallback: () => new Response('', { status: 500 }) }],
  ])(
    "ignores the other's rejection%s, also where headers were set before it",
    async (_, options) => {
      const { breaker, snapshot } = bench()
      const app = new Hono()
      app.use('/plain/*', breaker({ resourceKey: 'outer' }))
      app.use('/cors/*', breaker({ resourceKey: 'outer' }), cors())
      app.use('/*', breaker({ resourceKey: 'inner', failureLimit: fraction(1, 1), ...options }))
      app.get('/fails', (c) => c.text('', 500))
      await app.request('/fails')
      for (const path of ['/plain/it', '/cors/it'])
        expect((await app.request(path)).status).toBeGreaterThanOrEqual(500)
      expect((await snapshot('inner')).status).toBe('OPEN')
      expect((await snapshot('outer')).log).toBe('')
    },
  )

  it.each([
    ['is ignored', 'https://trusted.example', ''],
    ['counts as the failure that it says it is', 'https://other.example', '1'],
  ])('across HTTP: what came from %s', async (_, origin, log) => {
    const { app, snapshot } = bench({ trustRejectionsFrom: ['https://trusted.example'] })
    const rejecting = await open()
    app.get('/proxied', async () => {
      const response = await rejecting.app.request('/ok')
      const copy = new Response(response.body, response)
      return Object.defineProperty(copy, 'url', { value: `${origin}/pay?it` })
    })
    expect((await app.request('/proxied')).status).toBe(503)
    expect((await snapshot()).log).toBe(log)
  })

  it("ignores a rejection of another app's in the same process", async () => {
    const { app, snapshot } = bench()
    const rejecting = await open()
    app.get('/other', () => rejecting.app.request('/ok'))
    expect((await app.request('/other')).status).toBe(503)
    expect((await snapshot()).log).toBe('')
  })

  it('does not believe a marker without an origin', async () => {
    const { app, snapshot } = bench({ trustRejectionsFrom: ['https://trusted.example'] })
    app.get('/forged', (c) => c.text('', 503, { 'resilient-circuit': 'rejected' }))
    await app.request('/forged')
    expect((await snapshot()).log).toBe('1')
  })
})
