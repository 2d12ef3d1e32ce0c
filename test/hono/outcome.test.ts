import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { validator } from 'hono/validator'
import { describe, expect, it } from 'vitest'
import { CircuitProtectorPolicy, fraction, type OutcomeEvent } from '../../src/index.ts'
import { bench } from './support.ts'

const fails = (error: unknown) => () => {
  throw error
}

describe('the final status', () => {
  it.each([
    ['a 200', (c: Context) => c.text('ok'), '0'],
    ['a 404', (c: Context) => c.notFound(), '0'],
    ['a 429', (c: Context) => c.text('', 429), '0'],
    ['a 500', (c: Context) => c.text('', 500), '1'],
    ['a 503', (c: Context) => c.text('', 503), '1'],
    ['a thrown error', fails(new Error('boom')), '1'],
    ['an HTTPException 404', fails(new HTTPException(404)), '0'],
    ['an HTTPException 502', fails(new HTTPException(502)), '1'],
  ])('makes of %s the outcome', async (_, handler, log) => {
    const { app, snapshot } = bench()
    app.onError((error, c) =>
      error instanceof HTTPException ? error.getResponse() : c.text('', 500),
    )
    app.get('/it', handler as (c: Context) => Response)
    await app.request('/it')
    expect((await snapshot()).log).toBe(log)
  })

  it('is no failure where a route is missing, or a validator refuses', async () => {
    const { app, snapshot } = bench()
    app.get(
      '/validated',
      validator('query', () => fails(new HTTPException(400))()),
      (c) => c.text('ok'),
    )
    expect((await app.request('/nothing')).status).toBe(404)
    expect((await app.request('/validated')).status).toBe(400)
    expect((await snapshot()).log).toBe('00')
  })

  it('is that which the error handler gives', async () => {
    const { app, snapshot } = bench()
    app.get('/it', fails(new Error('too much to ask')))
    let handled = 0
    app.onError((_, c) => {
      handled++
      return c.text('sorry', 422)
    })
    expect((await app.request('/it')).status).toBe(422)
    expect(handled).toBe(1)
    expect((await snapshot()).log).toBe('0')
  })

  it('is a failure where something is thrown that is no error, and that goes on to the caller', async () => {
    const { app, snapshot } = bench()
    app.get('/it', fails('no error at all'))
    await expect(app.request('/it')).rejects.toBe('no error at all')
    expect((await snapshot()).log).toBe('1')
  })

  it('is a failure where the error handler itself throws', async () => {
    const { app, snapshot } = bench()
    const error = new Error('boom')
    app.get('/it', fails(error))
    app.onError(fails(error))
    await expect(app.request('/it')).rejects.toBe(error)
    expect((await snapshot()).log).toBe('1')
  })

  it('leaves the response as it was', async () => {
    const { app } = bench()
    app.get('/it', () => new Response('broken', { status: 502, headers: { 'x-from': 'upstream' } }))
    const response = await app.request('/it')
    expect([response.status, response.headers.get('x-from'), await response.text()]).toEqual([
      502,
      'upstream',
      'broken',
    ])
  })

  it('is known before a stream has ended, which is not buffered', async () => {
    const { app, snapshot } = bench()
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
    const writer = writable.getWriter()
    app.get('/it', (c) => c.body(readable))
    const reader = (await app.request('/it')).body!.getReader()
    expect((await snapshot()).log).toBe('0')
    void writer.write(new Uint8Array([7]))
    expect((await reader.read()).value).toEqual(new Uint8Array([7]))
    void writer.close()
    expect((await reader.read()).done).toBe(true)
  })

  it('says nothing where the visitor is gone', async () => {
    const { app, snapshot } = bench()
    const visitor = new AbortController()
    app.get('/it', (c) => {
      visitor.abort()
      return c.text('', 500)
    })
    const other = new AbortController()
    app.get('/string', () => {
      other.abort()
      throw 'no error at all'
    })
    const request = () => new Request('http://localhost/it', { signal: visitor.signal })
    expect((await app.request(request())).status).toBe(500)
    await expect(
      app.request(new Request('http://localhost/string', { signal: other.signal })),
    ).rejects.toBe('no error at all')
    expect((await snapshot()).log).toBe('')
  })

  it('says nothing where another breaker rejected what the handler called', async () => {
    const { app, snapshot } = bench()
    const inner = new CircuitProtectorPolicy()
    await inner.isolate()
    app.get('/it', async (c) => c.text(await inner.execute(() => 'never')))
    app.onError((_, c) => c.text('', 500))
    expect((await app.request('/it')).status).toBe(500)
    expect((await snapshot()).log).toBe('')
  })
})

describe('isFailure', () => {
  it('decides on the answer, and sees what was thrown', async () => {
    const seen: unknown[] = []
    const { app, snapshot } = bench({
      isFailure: (c) => {
        seen.push(c.error)
        return c.res.status === 429
      },
    })
    const error = new Error('boom')
    app.get('/busy', (c) => c.text('', 429))
    app.get('/throws', fails(error))
    app.onError((_, c) => c.text('', 500))
    await app.request('/busy')
    await app.request('/throws')
    expect((await snapshot()).log).toBe('10')
    expect(seen).toEqual([undefined, error])
  })

  it('leaves it to the status where it throws, and is reported', async () => {
    const error = new Error('boom')
    const { app, snapshot, notices } = bench({ isFailure: fails(error) })
    expect((await app.request('/ok')).status).toBe(200)
    expect((await app.request('/fails')).status).toBe(502)
    expect((await snapshot()).log).toBe('01')
    const notice = { code: 'HOOK_FAILED', message: 'isFailure failed', error }
    expect(notices).toEqual([notice, notice])
  })
})

describe("a breaker's own options", () => {
  it('shouldHandle says which errors are failures', async () => {
    const { app, snapshot } = bench({ shouldHandle: (error) => error instanceof TypeError })
    app.get('/type', fails(new TypeError('boom')))
    app.get('/range', fails(new RangeError('boom')))
    app.onError((_, c) => c.text('', 500))
    await app.request('/type')
    await app.request('/range')
    await app.request('/fails')
    expect((await snapshot()).log).toBe('101')
  })

  it('classify comes before all else', async () => {
    const { app, snapshot } = bench({
      classify: (result) =>
        result.ok && (result.value as Response).status === 404 ? 'failure' : undefined,
    })
    await app.request('/nothing')
    await app.request('/ok')
    expect((await snapshot()).log).toBe('10')
  })

  it('onOutcome is told what was thrown', async () => {
    const outcomes: OutcomeEvent[] = []
    const error = new Error('boom')
    const { app } = bench({ onOutcome: (_, event) => outcomes.push(event) })
    app.get('/throws', fails(error))
    app.onError((_, c) => c.text('', 500))
    await app.request('/throws')
    await app.request('/ok')
    expect(outcomes).toMatchObject([{ outcome: 'failure', error }, { outcome: 'success' }])
  })

  it('timeout gives a slow handler up, with 504', async () => {
    const { app, snapshot } = bench({ timeout: 1 })
    app.get('/slow', () => new Promise<Response>(() => {}))
    expect((await app.request('/slow')).status).toBe(504)
    expect((await snapshot()).log).toBe('1')
  })

  it('slowCallDuration makes a slow answer a failure', async () => {
    const { app, snapshot, clock } = bench({ slowCallDuration: '1s' })
    app.get('/slow', (c) => {
      clock.advance('2s')
      return c.text('at last')
    })
    expect(await (await app.request('/slow')).text()).toBe('at last')
    expect((await snapshot()).log).toBe('1')
  })

  it('failureLimit is five of ten where nobody says otherwise', async () => {
    const { app, snapshot } = bench()
    for (let i = 0; i < 9; i++) await app.request('/fails')
    expect(await snapshot()).toMatchObject({ status: 'CLOSED', log: '1'.repeat(9) })
    await app.request('/fails')
    expect(await snapshot()).toMatchObject({ status: 'OPEN' })
  })
})

describe('Retry-After of a failure', () => {
  it('lengthens the cooldown', async () => {
    const { app, snapshot } = bench({ failureLimit: fraction(1, 1), cooldown: '10s' })
    app.get('/it', (c) => c.text('', 503, { 'retry-after': '120' }))
    await app.request('/it')
    expect(await snapshot()).toMatchObject({ status: 'OPEN', retryAfterMs: 120_000 })
  })

  it('means nothing on an answer that is no failure', async () => {
    const { app, snapshot } = bench({ failureLimit: fraction(1, 1), retryAfter: 'open' })
    app.get('/it', (c) => c.text('', 429, { 'retry-after': '120' }))
    await app.request('/it')
    expect(await snapshot()).toMatchObject({ status: 'CLOSED', log: '0' })
  })
})

describe('a handler error below a breaker', () => {
  it('is seen where a sub-app has an error handler of its own', async () => {
    const { breaker, snapshot } = bench()
    const sub = new Hono()
    sub.onError((_, c) => c.text('sub', 500))
    sub.use(breaker())
    sub.get('/it', fails(new Error('boom')))
    const app = new Hono().route('/sub', sub)
    const response = await app.request('/sub/it')
    expect([response.status, await response.text()]).toEqual([500, 'sub'])
    expect((await snapshot()).log).toBe('1')
  })
})
