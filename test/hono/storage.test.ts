import { type Context, Hono } from 'hono'
import { describe, expect, it, vi } from 'vitest'
import { fraction } from '../../src/index.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { type CircuitStorage, InMemoryStorage } from '../../src/storage.ts'
import { bench } from './support.ts'

describe('storage', () => {
  it('is made once, for all requests and all who are given the same function', async () => {
    const create = vi.fn((_: Context): CircuitStorage => new InMemoryStorage())
    const { app, breaker } = bench({ storage: create, failureLimit: fraction(1, 1) })
    const other = new Hono()
    other.use(breaker({ storage: create, failureLimit: fraction(1, 1) }))
    await app.request('/ok')
    await app.request('/fails')
    expect((await other.request('/ok')).status).toBe(503)
    expect(create).toHaveBeenCalledTimes(1)
  })

  it('is made once for each key where there are several databases', async () => {
    const create = vi.fn((_: Context): CircuitStorage => new InMemoryStorage())
    const key = (c: Context) => c.req.header('x-region')!
    const { app } = bench({ storage: { key, create }, failureLimit: fraction(1, 1) })
    const inRegion = (region: string) => ({ headers: { 'x-region': region } })
    await app.request('/fails', inRegion('eu'))
    expect((await app.request('/ok', inRegion('eu'))).status).toBe(503)
    expect((await app.request('/ok', inRegion('us'))).status).toBe(200)
    expect((await app.request('/ok', inRegion('eu'))).status).toBe(503)
    expect(create).toHaveBeenCalledTimes(2)
  })

  it('is none where none is given: each breaker keeps its own state, and one that makes room is forgotten', async () => {
    const { breaker } = bench()
    const app = new Hono()
    const resourceKey = (c: Context) => c.req.query('key')!
    app.use(
      breaker({
        storage: undefined as never,
        resourceKey,
        maxBreakers: 1,
        failureLimit: fraction(1, 1),
      }),
    )
    app.get('/', (c) => c.text('', 500))
    expect((await app.request('/?key=a')).status).toBe(500)
    expect((await app.request('/?key=a')).status).toBe(503)
    expect((await app.request('/?key=b')).status).toBe(500)
    expect((await app.request('/?key=a')).status).toBe(500)
  })

  it('leaves a request unprotected where it cannot be made, says so, and tries again', async () => {
    const { app, notices, storage, snapshot } = bench({
      storage: ({ env }: Context<{ Bindings: { DATABASE_URL?: string } }>) =>
        env.DATABASE_URL === 'there' ? storage : neonStorage(env.DATABASE_URL),
    })
    expect((await app.request('/fails', {}, {})).status).toBe(502)
    expect(notices).toMatchObject([
      {
        code: 'NO_STORAGE',
        message: expect.stringMatching(
          /^there is no storage: a request ran unprotected: url must be .*undefined$/,
        ),
      },
    ])
    expect((await app.request('/fails', {}, { DATABASE_URL: 'there' })).status).toBe(502)
    expect((await snapshot()).log).toBe('1')
  })

  it.each([
    ['throws', () => new Error('cannot connect to postgres://u:secret@host/db')],
    ['is none', () => ({}) as CircuitStorage],
  ])('that %s is reported without what it said', async (what, make) => {
    const { app, notices } = bench({
      storage: () => {
        const made = make()
        if (made instanceof Error) throw made
        return made
      },
    })
    expect((await app.request('/ok')).status).toBe(200)
    expect(notices.map(({ code }) => code)).toEqual(['NO_STORAGE'])
    expect(notices[0]!.message).not.toContain('secret')
    if (what === 'is none')
      expect(notices[0]!.message).toContain(
        'storage must be a function that returns a circuit storage',
      )
  })
})

describe('waitUntil', () => {
  it('is given what a request leaves behind, where the platform has it', async () => {
    const { app, snapshot } = bench({ consistency: { maxStaleness: '5s' } })
    const work: Promise<unknown>[] = []
    const context = {
      waitUntil: (promise: Promise<unknown>) => void work.push(promise),
      passThroughOnException() {},
      props: {},
    }
    await app.request('/fails', {}, {}, context)
    expect(work.length).toBeGreaterThan(0)
    await Promise.all(work)
    expect((await snapshot()).log).toBe('1')
  })
})
