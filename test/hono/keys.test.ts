import { EventEmitter, once } from 'node:events'
import { describe, expect, it, vi } from 'vitest'
import { type CircuitProtectorPolicy, fraction } from '../../src/index.ts'
import { bench } from './support.ts'

const byTenant = {
  resourceKey: (c: { req: { header(name: string): string | undefined } }) =>
    c.req.header('x-tenant')!,
}
const as = (tenant: string) => ({ headers: { 'x-tenant': tenant } })

describe('a computed resourceKey', () => {
  it('gives each key a breaker', async () => {
    const { app } = bench({ ...byTenant, failureLimit: fraction(1, 1) })
    await app.request('/fails', as('a'))
    expect((await app.request('/ok', as('a'))).status).toBe(503)
    expect((await app.request('/ok', as('b'))).status).toBe(200)
  })

  it.each([
    ['is missing', undefined, 'a string'],
    ['is empty', '', '1 to 255 characters long'],
    ['is too long', 'x'.repeat(10_240), '1 to 255 characters long'],
    ['holds U+0000', 'a\u0000b', 'free of U+0000'],
    ['holds a lone surrogate', 'a\ud800b', 'well-formed Unicode, without lone surrogates'],
  ])('runs unprotected where it %s, and reports that', async (_, key, problem) => {
    const { app, notices, storage } = bench({ resourceKey: () => key as string })
    expect((await app.request('/fails')).status).toBe(502)
    expect(notices).toEqual([
      {
        code: 'BAD_KEY',
        message: `resourceKey must be ${problem}: a request ran unprotected`,
        error: undefined,
      },
    ])
    expect((await storage.list()).items).toEqual([])
  })

  it('runs unprotected where it cannot be computed, also where the report fails', async () => {
    const error = new Error('boom')
    const resourceKey = () => {
      throw error
    }
    const { app, notices } = bench({ resourceKey })
    expect((await app.request('/ok')).status).toBe(200)
    expect(notices).toEqual([
      { code: 'BAD_KEY', message: 'resourceKey failed: a request ran unprotected', error },
    ])

    const silent = bench({ resourceKey, onNotice: resourceKey })
    expect((await silent.app.request('/ok')).status).toBe(200)
  })
})

describe('maxBreakers', () => {
  it('makes room where one was used longest ago', async () => {
    const { app } = bench({ ...byTenant, maxBreakers: 2 })
    const breakers: CircuitProtectorPolicy[] = []
    app.get('/which', (c) => {
      breakers.push(c.var.circuitBreaker!)
      return c.text('')
    })
    for (const tenant of ['a', 'b', 'a', 'c', 'a', 'b']) await app.request('/which', as(tenant))
    const [a, b] = breakers
    expect(
      breakers.map((breaker) => [breaker.resourceKey, breaker === a || breaker === b]),
    ).toEqual([
      ['a', true],
      ['b', true],
      ['a', true],
      ['c', false],
      ['a', true],
      ['b', false],
    ])
  })

  const buffered = { ...byTenant, maxBreakers: 1, consistency: { maxStaleness: '5s' } } as const

  it('loses nothing of what makes room', async () => {
    const { app, snapshot } = bench(buffered)
    for (const _ of [1, 2, 3]) await app.request('/ok', as('a'))
    expect((await snapshot('a')).log.length).toBeLessThan(3)
    await app.request('/ok', as('b'))
    await expect.poll(() => snapshot('a')).toMatchObject({ log: '000' })
  })

  it('asks the storage no more for what made room', async () => {
    const { app, storage, clock } = bench(buffered)
    await app.request('/ok', as('a'))
    await app.request('/ok', as('b'))
    clock.advance('10s')
    const exchange = vi.spyOn(storage, 'exchange')
    await app.request('/ok', as('b'))
    expect(
      exchange.mock.calls.flatMap(([requests]) => requests.map(({ resourceKey }) => resourceKey)),
    ).toEqual(['b'])
  })

  it('loses nothing of a call that ends after its breaker made room', async () => {
    const { app, snapshot } = bench(buffered)
    const events = new EventEmitter()
    app.get('/slow', async (c) => {
      events.emit('entered')
      await once(events, 'end')
      return c.text('ok')
    })
    await app.request('/ok', as('a'))
    const entered = once(events, 'entered')
    const slow = app.request('/slow', as('a'))
    await entered
    await app.request('/ok', as('b'))
    events.emit('end')
    await slow
    await expect.poll(() => snapshot('a')).toMatchObject({ log: '00' })
  })
})
