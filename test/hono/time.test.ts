import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { circuitBreaker } from '../../src/hono/index.ts'
import { fraction, type Notice } from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'

describe('a guarded route', () => {
  it("reads a date in Retry-After by the breaker's clock", async () => {
    const clock = new FakeClock()
    const date = new Date(clock.now() + 600_000).toUTCString()
    const app = new Hono()
    app.use(
      circuitBreaker({
        resourceKey: 'route',
        runtime: clock,
        failureLimit: fraction(1, 1),
        cooldown: '1s',
      }),
    )
    app.get('/', (c) => c.text('down', 503, { 'retry-after': date }))
    await app.request('/')
    expect((await app.request('/')).headers.get('retry-after')).toBe('600')
  })

  it.each([
    ['gave up', undefined, 'ignored'],
    ['had a time limit that ran out', new DOMException('over', 'TimeoutError'), 'failure'],
  ])('judges a failure of a request that %s', async (_, reason, expected) => {
    const outcomes: string[] = []
    const controller = new AbortController()
    const app = new Hono()
    app.use(
      circuitBreaker({
        resourceKey: 'route',
        onOutcome: (_, { outcome }) => outcomes.push(outcome),
      }),
    )
    app.get('/', (c) => {
      controller.abort(reason)
      return c.text('down', 500)
    })
    await app.request('/', { signal: controller.signal })
    expect(outcomes).toEqual([expected])
  })

  it('is guarded though waitUntil throws and its breaker makes room for another', async () => {
    const notices: Notice[] = []
    const app = new Hono()
    app.use(
      circuitBreaker({
        resourceKey: (c) => c.req.path,
        storage: new InMemoryStorage(),
        maxBreakers: 1,
        onNotice: (notice) => notices.push(notice),
      }),
    )
    app.get('*', (c) => c.text('fine'))
    const broken = {
      passThroughOnException() {},
      waitUntil() {
        throw new TypeError('Illegal invocation')
      },
    }
    for (const path of ['/a', '/b', '/a'])
      expect((await app.request(path, {}, {}, broken as never)).status).toBe(200)
    expect(notices.map(({ code }) => code)).not.toContain('NO_STORAGE')
  })
})
