import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { protectFetch } from '../../src/fetch/index.ts'
import { fraction, InvalidOptionError } from '../../src/index.ts'
import { bench } from './support.ts'

const DAY_MS = 86_400_000
const byVisitor = {
  resourceKey: (c: { req: { header(name: string): string | undefined } }) =>
    c.req.header('x-visitor')!,
  failureLimit: fraction(1, 1),
}
const as = (visitor: string) => ({ headers: { 'x-visitor': visitor } })

describe('keys that visitors choose', () => {
  it('leave a thousand rows and one notice, and each has a breaker all the same', async () => {
    const { app, storage, notices } = bench({ ...byVisitor, maxBreakers: 1_000 })
    for (let visitor = 0; visitor < 1_500; visitor++) await app.request('/fails', as(`${visitor}`))
    const { items, next } = await storage.list({ limit: 1_000 })
    expect([items.length, next]).toEqual([1_000, null])
    expect(notices).toEqual([
      {
        code: 'TOO_MANY_KEYS',
        message: expect.stringContaining('1000 different keys within a day'),
      },
    ])
    expect((await app.request('/ok', as('1499'))).status).toBe(503)
    expect((await app.request('/ok', as('0'))).status).toBe(503)
    expect((await app.request('/ok', as('new'))).status).toBe(200)
  })
})

describe('maxKeys', () => {
  const keys = async ({ storage }: ReturnType<typeof bench>) =>
    (await storage.list()).items.map(({ resourceKey }) => resourceKey)

  it('is as much as maxBreakers where that is more', async () => {
    const { app, storage } = bench({ ...byVisitor, maxBreakers: 1_100 })
    for (let visitor = 0; visitor < 1_200; visitor++) await app.request('/ok', as(`${visitor}`))
    const { next } = await storage.list({ limit: 1_000 })
    expect((await storage.list({ limit: 1_000, after: next! })).items).toHaveLength(100)
  })

  it('counts a key once, also where its breaker made room meanwhile', async () => {
    const at = bench({ ...byVisitor, maxBreakers: 1, maxKeys: 2, failureLimit: fraction(5, 10) })
    for (const visitor of ['a', 'b', 'a', 'c', 'b', 'a']) await at.app.request('/ok', as(visitor))
    expect(await keys(at)).toEqual(['a', 'b'])
    expect((await at.snapshot('a')).log).toBe('000')
  })

  it('counts all keys of a storage together, and tells of it once', async () => {
    const at = bench({ ...byVisitor, maxKeys: 2 })
    const other = new Hono().use(at.breaker({ ...byVisitor, maxKeys: 2 }))
    other.get('/ok', (c) => c.text('ok'))
    const sent = protectFetch({
      storage: at.storage,
      maxKeys: 2,
      runtime: at.clock,
      onNotice: (notice) => at.notices.push(notice),
    })((async () => new Response('')) as typeof fetch)
    await at.app.request('/ok', as('a'))
    await other.request('/ok', as('a'))
    await sent('https://host.example/')
    await other.request('/ok', as('b'))
    await sent('https://elsewhere.example/')
    expect(await keys(at)).toEqual(['a', 'host.example'])
    expect(at.notices.map(({ code }) => code)).toEqual(['TOO_MANY_KEYS'])
  })

  it('takes a new key again once the oldest is a day old', async () => {
    const at = bench({ ...byVisitor, maxKeys: 2, maxBreakers: 1 })
    await at.app.request('/ok', as('a'))
    at.clock.advance(DAY_MS / 2)
    await at.app.request('/ok', as('b'))
    at.clock.advance(DAY_MS / 2 - 1)
    await at.app.request('/ok', as('c'))
    expect(await keys(at)).toEqual(['a', 'b'])
    at.clock.advance(1)
    await at.app.request('/ok', as('d'))
    await at.app.request('/ok', as('e'))
    expect(await keys(at)).toEqual(['a', 'b', 'd'])
  })

  it('is nothing to a key that is written down', async () => {
    const at = bench({ ...byVisitor, maxKeys: 1 })
    const fixed = new Hono().use(at.breaker({ resourceKey: 'fixed', maxKeys: 1 }))
    fixed.get('/ok', (c) => c.text('ok'))
    await at.app.request('/ok', as('a'))
    await fixed.request('/ok')
    expect(await keys(at)).toEqual(['a', 'fixed'])
    expect(at.notices).toEqual([])
  })

  it.each([0, 100_001, 1.5, '10'])('is refused where it is %j', (maxKeys) => {
    const refusal = expect.objectContaining({ option: 'maxKeys' })
    const given = { maxKeys: maxKeys as number }
    expect(() => bench({ ...byVisitor, ...given })).toThrow(InvalidOptionError)
    expect(() => bench({ ...byVisitor, ...given })).toThrow(refusal)
    expect(() => protectFetch(given)).toThrow(refusal)
  })
})
