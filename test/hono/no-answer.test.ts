import { Hono, type MiddlewareHandler } from 'hono'
import { describe, expect, it } from 'vitest'
import { circuitBreaker } from '../../src/hono/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'

const nothing = (async () => {}) as unknown as MiddlewareHandler

/** Routes of which nobody answers. */
const SILENT: Readonly<Record<string, (guard: MiddlewareHandler) => Hono>> = {
  'a handler that returns nothing': (guard) => new Hono().use(guard).get('/', nothing),
  'a middleware that forgets the next one': (guard) =>
    new Hono()
      .use(guard)
      .use(nothing)
      .get('/', (c) => c.text('never')),
  'a handler of a sub-application': (guard) =>
    new Hono().use(guard).route('/', new Hono().get('/', nothing)),
}

describe.each(Object.entries(SILENT))('a request without an answer: %s', (_, make) => {
  it('is a failure', async () => {
    const storage = new InMemoryStorage()
    const app = make(circuitBreaker({ resourceKey: 'key', storage }))
    expect((await app.request('/')).status).toBe(500)
    expect((await storage.list()).items.map(({ log }) => log)).toEqual(['1'])
  })
})

describe('a request that nobody has a route for', () => {
  it('is answered by Hono, and no failure', async () => {
    const storage = new InMemoryStorage()
    const app = new Hono().use(circuitBreaker({ resourceKey: 'key', storage }))
    expect((await app.request('/nowhere')).status).toBe(404)
    expect((await storage.list()).items.map(({ log }) => log)).toEqual(['0'])
  })
})
