import { Hono } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { every, except, some } from 'hono/combine'
import { describe, expect, it } from 'vitest'
import type { CircuitBreakerVariables } from '../../src/hono/index.ts'
import { CircuitProtectorPolicy, fraction } from '../../src/index.ts'
import { bench } from './support.ts'

describe('circuitBreaker', () => {
  it('returns a function of its own name', () => {
    expect(bench().breaker().name).toBe('circuitBreaker')
  })

  it('hands its breaker to the handler', async () => {
    const { breaker } = bench()
    const app = new Hono<{ Variables: CircuitBreakerVariables }>()
    app.use(breaker())
    app.get('/it', (c) => {
      expect(c.var.circuitBreaker).toBeInstanceOf(CircuitProtectorPolicy)
      expect(c.get('circuitBreaker')).toBe(c.var.circuitBreaker)
      const { resourceKey, status } = c.var.circuitBreaker!
      return c.json({ key: resourceKey, status })
    })
    expect(await (await app.request('/it')).json()).toEqual({ key: 'it', status: 'CLOSED' })
  })

  it('guards routers below the one that it is used in', async () => {
    const { breaker, snapshot } = bench()
    const deep = new Hono().get('/it', (c) => c.text('', 500))
    const app = new Hono().use('/a/*', breaker()).route('/a/b', deep)
    await app.request('/a/b/it')
    expect((await snapshot()).log).toBe('1')
  })

  it('counts for two breakers on one route, each under its key', async () => {
    const { breaker, snapshot } = bench()
    const app = new Hono()
    app.get('/it', breaker({ resourceKey: 'one' }), breaker({ resourceKey: 'two' }), (c) => {
      expect(c.var.circuitBreaker?.resourceKey).toBe('two')
      return c.text('', 500)
    })
    await app.request('/it')
    expect([(await snapshot('one')).log, (await snapshot('two')).log]).toEqual(['1', '1'])
  })

  it('works within every, where an exception of 401 is no failure and an error is one', async () => {
    const { breaker, snapshot } = bench()
    const app = new Hono()
    app.use('/it', every(breaker(), basicAuth({ username: 'u', password: 'p' })))
    app.use(
      '/broken',
      every(breaker(), () => {
        throw new Error('boom')
      }),
    )
    app.get('/it', (c) => c.text('ok'))
    app.onError((error, c) =>
      'getResponse' in error
        ? (error as { getResponse(): Response }).getResponse()
        : c.text('', 500),
    )
    expect((await app.request('/it')).status).toBe(401)
    expect(
      (await app.request('/it', { headers: { authorization: `Basic ${btoa('u:p')}` } })).status,
    ).toBe(200)
    expect((await app.request('/broken')).status).toBe(500)
    expect((await snapshot()).log).toBe('001')
  })

  it("leaves another breaker's rejection to the app, where it comes from a middleware within every", async () => {
    const { breaker, snapshot } = bench()
    const inner = new CircuitProtectorPolicy()
    await inner.isolate()
    const app = new Hono()
    app.use(every(breaker(), (_, next) => inner.execute(next)))
    app.onError((error, c) => c.text(error.name, 500))
    const response = await app.request('/it')
    expect([response.status, await response.text()]).toEqual([500, 'ProtectedCallError'])
    expect((await snapshot()).log).toBe('')
  })

  it('works within some and except, where its rejection is the answer', async () => {
    const { breaker } = bench()
    const options = { failureLimit: fraction(1, 1) }
    const app = new Hono()
    app.use(
      '/some/*',
      some(() => false, breaker(options)),
    )
    app.use('/except/*', except('/except/free', breaker(options)))
    app.all('/*', (c) => c.text('', 500))
    expect((await app.request('/some/it')).status).toBe(500)
    expect((await app.request('/some/it')).status).toBe(503)
    expect((await app.request('/except/it')).status).toBe(503)
    expect((await app.request('/except/free')).status).toBe(500)
  })
})

describe('skip', () => {
  it('lets a request pass beside the breaker', async () => {
    const { app, snapshot } = bench({
      skip: (c) => c.req.path === '/fails',
      failureLimit: fraction(1, 1),
    })
    expect((await app.request('/fails')).status).toBe(502)
    expect((await app.request('/ok')).status).toBe(200)
    expect((await snapshot()).log).toBe('0')
  })

  it('protects where it throws, and is reported', async () => {
    const error = new Error('boom')
    const { app, snapshot, notices } = bench({
      skip: () => {
        throw error
      },
    })
    expect((await app.request('/ok')).status).toBe(200)
    expect((await snapshot()).log).toBe('0')
    expect(notices).toEqual([{ code: 'HOOK_FAILED', message: 'skip failed', error }])
  })
})
