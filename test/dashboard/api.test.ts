import { serve } from '@hono/node-server'
import { hc } from 'hono/client'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Transition } from '../../src/core/event.ts'
import { fraction } from '../../src/core/limits.ts'
import type { DashboardApp, DashboardBreaker } from '../../src/dashboard/index.ts'
import type { Page } from '../../src/fleet/admin.ts'
import { mounted, OPS } from './support.ts'

function client(options: Parameters<typeof mounted>[0] = {}) {
  const dashboard = mounted(options)
  const send = async (input: RequestInfo | URL, init?: RequestInit) =>
    dashboard.app.request(input, init)
  return {
    ...dashboard,
    api: hc<DashboardApp>('http://localhost/circuits', { headers: OPS, fetch: send }).api,
  }
}

describe('the API, through Hono’s client', () => {
  it('lists breakers, worst first, with what can be read out of them', async () => {
    const { api, reporter } = client()
    await reporter('calm', 'a', { failureLimit: fraction(3, 4) }).report('0100')
    await reporter('broken', 'b').report('1')
    const answer = await api.breakers.$get({ query: { summary: 'true' } })
    const page = await answer.json()
    expectTypeOf(page.items).toEqualTypeOf<readonly DashboardBreaker[]>()
    expect(page.items.map(({ resourceKey, status }) => [resourceKey, status])).toEqual([
      ['broken', 'OPEN'],
      ['calm', 'CLOSED'],
    ])
    expect(page.items[1]).toMatchObject({
      failureRate: 0.25,
      failureRateLimit: 0.75,
      failures: 1,
      successes: 3,
      probesOut: 0,
    })
    expect(page.summary).toEqual({
      counts: { OPEN: 1, HALF_OPEN: 0, CLOSED: 1 },
      due: 0,
      namespaces: ['a', 'b'],
    })
    const closed = await (
      await api.breakers.$get({ query: { status: 'CLOSED', search: 'AL', namespace: 'a' } })
    ).json()
    expect(closed.items).toHaveLength(1)
    expect(closed.summary).toBeUndefined()
  })

  it('pages with a cursor', async () => {
    const { api, reporter } = client()
    for (const key of ['a', 'b', 'c']) await reporter(key).report('0')
    const first = await (await api.breakers.$get({ query: { limit: '2' } })).json()
    const second = await (
      await api.breakers.$get({ query: { limit: '2', after: first.next! } })
    ).json()
    expect([...first.items, ...second.items].map(({ resourceKey }) => resourceKey)).toEqual([
      'a',
      'b',
      'c',
    ])
    expect(second.next).toBeNull()
  })

  it.each(['plain', 'a/b', 'https://x.example/a?b=c#d', '100%', '%2F', 'a b', 'ключ', '"<>'])(
    'reads and steers the breaker %j',
    async (key) => {
      const { api, reporter, storage } = client()
      await reporter(key, 'n/s').report('0')
      const param = { namespace: encodeURIComponent('n/s'), key: encodeURIComponent(key) }
      const one = await (await api.breakers[':namespace'][':key{.+}'].$get({ param })).json()
      expect(one).toMatchObject({ resourceKey: key, namespace: 'n/s', status: 'CLOSED' })
      const json = { command: 'isolate', for: '10m', reason: 'why' } as const
      const after = await (
        await api.breakers[':namespace'][':key{.+}'].$post({ param, json })
      ).json()
      expectTypeOf(after).toEqualTypeOf<DashboardBreaker>()
      expect(after).toMatchObject({
        status: 'OPEN',
        activeOverride: { kind: 'FORCED_OPEN', actor: 'mara', reason: 'why' },
        halfOpenInMs: 600_000,
      })
      expect((await storage.history()).items[0]).toMatchObject({ resourceKey: key, actor: 'mara' })
    },
  )

  it('takes the slashes of a key as they are', async () => {
    const { get, reporter } = client()
    await reporter('a/b/c', 'n').report('0')
    expect(await (await get('/api/breakers/n/a/b/c')).json()).toMatchObject({
      resourceKey: 'a/b/c',
    })
  })

  it('tells the history, of one breaker or all, of late or ever', async () => {
    const { api, clock, reporter } = client()
    await reporter('old', 'n').report('1')
    clock.advance(60_000)
    await reporter('new', 'n').report('1')
    const of = async (query: Record<string, string>) => {
      const page = await (await api.history.$get({ query })).json()
      expectTypeOf(page).toEqualTypeOf<Page<Transition>>()
      return page.items.map(({ resourceKey }) => resourceKey)
    }
    expect(await of({})).toEqual(['new', 'old'])
    expect(await of({ key: 'old', namespace: 'n' })).toEqual(['old'])
    expect(await of({ newerThan: '30s' })).toEqual(['new'])
    expect(await of({ limit: '1' })).toEqual(['new'])
  })

  it.each([
    ['GET', '/api/breakers?limit=0'],
    ['GET', '/api/breakers?limit=many'],
    ['GET', '/api/breakers?after=%7B%7D'],
    ['GET', '/api/history?newerThan=soon'],
    ['GET', '/api/history?after=%22x%22'],
    ['POST', '/api/breakers/n/k'],
  ])('answers %s %s with a problem of its own', async (method, path) => {
    const { app } = client()
    const answer = await app.request(`/circuits${path}`, {
      method,
      headers: OPS,
      ...(method === 'POST' && {
        body: '{',
        headers: { ...OPS, 'content-type': 'application/json' },
      }),
    })
    expect(answer.status).toBe(400)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({
      status: 400,
      detail: expect.stringContaining('must be'),
    })
  })

  it.each(['/api/breakers/n/k', '/api/nowhere', '/api'])('knows nothing at %s', async (path) => {
    const answer = await client().get(path)
    expect(answer.status).toBe(404)
  })
})

const AWKWARD = ['.', '..', 'a/../b', 'two\nlines', 'a b', '100%', '%2e%2e', '漢字🎉', '?#&=+', '"']

describe.each(AWKWARD)('a breaker called %j', (key) => {
  it('is shown and steered by its query, through a real server', async () => {
    const { app, reporter } = client()
    await reporter(key, key).report('0')
    const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 })
    try {
      await new Promise((resolve) => server.once('listening', resolve))
      const { port } = server.address() as { port: number }
      const { api } = hc<DashboardApp>(`http://127.0.0.1:${port}/circuits`, { headers: OPS })
      const query = { key, namespace: key }
      const shown = await (await api.breaker.$get({ query })).json()
      expect(shown).toMatchObject({ resourceKey: key, namespace: key, status: 'CLOSED' })
      const steered = await api.breaker.$post({ query, json: { command: 'force-open' } })
      expect(await steered.json()).toMatchObject({ resourceKey: key, status: 'OPEN' })
      const page = await fetch(
        `http://127.0.0.1:${port}/circuits/breaker?${new URLSearchParams(query)}`,
        { headers: OPS },
      )
      expect(page.status).toBe(200)
    } finally {
      await new Promise((resolve) => server.close(resolve))
    }
  })
})

describe('by its path', () => {
  it.each(AWKWARD.filter((key) => !/^\.\.?$/.test(key)))('a breaker %j is shown', async (key) => {
    const { get, reporter } = client()
    await reporter(key).report('0')
    const answer = await get(`/api/breakers/default/${encodeURIComponent(key)}`)
    expect(await answer.json()).toMatchObject({ resourceKey: key })
  })
})
