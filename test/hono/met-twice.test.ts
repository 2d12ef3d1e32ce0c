import { Hono, type MiddlewareHandler } from 'hono'
import { describe, expect, it } from 'vitest'
import { protectFetch } from '../../src/fetch/index.ts'
import { circuitBreaker } from '../../src/hono/index.ts'
import { fraction } from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))
/** A middleware that does something before the next one runs. */
const slow: MiddlewareHandler = async (_, next) => {
  await turn()
  await next()
}

/** Applications in which `/pay` is behind the same breaker twice. */
const TWICE: Readonly<Record<string, (bench: Bench) => Hono>> = {
  'two patterns that both match': ({ guard, handler }) => {
    const one = guard()
    return new Hono().use('/pay', one).use('/pay/*', one).get('/pay', handler)
  },
  'the application and a sub-application': ({ guard, handler }) => {
    const one = guard()
    const sub = new Hono().use('*', one).get('/', handler)
    return new Hono().use('*', one).route('/pay', sub)
  },
  'two middlewares with one key': ({ guard, handler }) =>
    new Hono().use('*', guard()).use('*', guard()).get('/pay', handler),
  'one behind a middleware that waits': ({ guard, handler }) =>
    new Hono().use('*', guard()).use('*', slow).use('*', guard()).get('/pay', handler),
  'a fetch with the same key': ({ guard, fetching }) =>
    new Hono().use('*', guard()).get('/pay', async () => fetching()('http://upstream.test/')),
  'a fetch with the same key, after an await, that is told of the call': ({ guard, fetching }) =>
    new Hono().use('*', guard()).get('/pay', async (c) => {
      await turn()
      return fetching(c.var.circuitCall)('http://upstream.test/')
    }),
}

function bench() {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({ clock: clock.now })
  const breaker = {
    storage,
    failureLimit: fraction(3, 3),
    successLimit: fraction(1, 1),
    cooldown: '10s',
  } as const
  const state = { status: 200 }
  const upstream: typeof fetch = async () => new Response('', { status: state.status })
  const protect = protectFetch({ ...breaker, key: () => 'pay' })
  return {
    clock,
    state,
    guard: () => circuitBreaker({ ...breaker, resourceKey: 'pay' }),
    handler: () => upstream(''),
    fetching: (within?: Parameters<typeof protect>[2]) => protect(upstream, undefined, within),
    snapshot: async () =>
      (await storage.exchange([{ resourceKey: 'pay', namespace: 'default' }]))[0]!.snapshot,
  }
}
type Bench = ReturnType<typeof bench>

describe.each(Object.entries(TWICE))('a breaker that a request meets twice: %s', (_, make) => {
  it('counts the request once', async () => {
    const at = bench()
    const app = make(at)
    expect((await app.request('/pay')).status).toBe(200)
    at.state.status = 503
    expect((await app.request('/pay')).status).toBe(503)
    expect((await at.snapshot()).log).toBe('01')
  })

  it('closes again with one place for probes', async () => {
    const at = bench()
    const app = make(at)
    at.state.status = 500
    for (let i = 0; i < 3; i++) await app.request('/pay')
    expect((await at.snapshot()).status).toBe('OPEN')
    at.clock.advance(10_000)
    at.state.status = 200
    expect((await app.request('/pay')).status).toBe(200)
    expect((await at.snapshot()).status).toBe('CLOSED')
  })
})

describe('two breakers of different keys before one request', () => {
  it('both count it', async () => {
    const storage = new InMemoryStorage()
    const guard = (resourceKey: string) => circuitBreaker({ storage, resourceKey })
    const app = new Hono()
      .use('*', guard('outer'))
      .use('*', guard('inner'))
      .get('/', (c) => c.text('ok'))
    await app.request('/')
    const { items } = await storage.list()
    expect(items.map(({ resourceKey, log }) => [resourceKey, log])).toEqual([
      ['inner', '0'],
      ['outer', '0'],
    ])
  })
})

describe('a fetch that is protected twice', () => {
  it('counts each request once', async () => {
    const { fetching, snapshot } = bench()
    const storage = new InMemoryStorage()
    const protect = protectFetch({ storage })
    const twice = protect(protect((async () => new Response('')) as typeof fetch))
    await twice('http://upstream.test/')
    expect((await storage.list()).items.map(({ log }) => log)).toEqual(['0'])
    await fetching()('http://upstream.test/')
    expect((await snapshot()).log).toBe('0')
  })
})
