import { type Context, Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/core/errors.ts'
import { circuitDashboard } from '../../src/dashboard/index.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import { HOST, mounted, OPS, OWN_FORM, watched } from './support.ts'

const basic = (user: string, password: string) => ({
  authorization: `Basic ${btoa(`${user}:${password}`)}`,
})
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const BREAKER = '/breaker?key=k&namespace=n'

describe('a dashboard without auth', () => {
  const open = () => {
    const { storage, calls } = watched(new InMemoryStorage())
    const app = new Hono()
    app.route('/circuits', circuitDashboard({ storage }))
    return { app, calls }
  }

  it.each(['', BREAKER, '/nowhere'])(
    'explains itself at %j, and asks the storage nothing',
    async (path) => {
      const { app, calls } = open()
      const answer = await app.request(`/circuits${path}`)
      expect(answer.status).toBe(403)
      expect(await answer.text()).toContain('circuitDashboard the option auth')
      expect(calls).toEqual([])
    },
  )

  it('is closed to actions and to the API', async () => {
    const { app, calls } = open()
    const posted = await app.request(`/circuits${BREAKER}`, {
      method: 'POST',
      headers: OWN_FORM,
      body: 'command=reset',
    })
    expect(posted.status).toBe(403)
    const answer = await app.request('/circuits/api/breakers')
    expect(answer.status).toBe(403)
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(await answer.json()).toMatchObject({ status: 403, title: 'This dashboard is closed' })
    expect(calls).toEqual([])
  })
})

describe('options', () => {
  const storage = new InMemoryStorage()
  const make = (options: object) => () => circuitDashboard({ storage, ...options } as never)

  it.each([
    [{ storage: undefined }, 'storage'],
    [{ auth: {} }, 'auth.username'],
    [{ auth: null }, 'auth'],
    [{ auth: 'secret' }, 'auth'],
    [{ auth: { username: 'ops' } }, 'auth.password'],
    [{ auth: { username: 'ops', password: undefined } }, 'auth.password'],
    [{ auth: { username: '', password: 'x' } }, 'auth.username'],
    [{ auth: { token: undefined } }, 'auth.token'],
    [{ auth: { token: '' } }, 'auth.token'],
    [{ refresh: '10ms' }, 'refresh'],
    [{ pageSize: 0 }, 'pageSize'],
    [{ pageSize: 501 }, 'pageSize'],
    [{ storageTimeout: '2m' }, 'storageTimeout'],
    [{ basePath: 'circuits' }, 'basePath'],
    [{ basePath: '/circuits/' }, 'basePath'],
    [{ actor: 'me' }, 'actor'],
  ])('%j are refused, naming %s', (options, name) => {
    expect(make(options)).toThrow(InvalidOptionError)
    expect(make(options)).toThrow(new RegExp(`^${name} must be`))
  })

  it('never show a password that is not wrong', () => {
    expect(make({ auth: { username: '', password: 'hunter2' } })).toThrow(/^(?!.*hunter2)/)
  })
})

describe('a user name and a password', () => {
  it('let in who has both', async () => {
    expect((await mounted().get('', basic('mara', 'secret'))).status).toBe(200)
  })

  it.each([
    ['nothing', {}],
    ['a wrong password', basic('mara', 'Secret')],
    ['a wrong name', basic('jonas', 'secret')],
    ['no password', basic('mara', '')],
    ['a bearer token', bearer('secret')],
    ['nonsense', { authorization: 'Basic %%%' }],
  ])('refuse %s, and tell a browser to ask', async (_, headers) => {
    const { get, storage } = mounted()
    const { calls } = watched(storage)
    const answer = await get('', headers as Record<string, string>)
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm=/)
    expect(await answer.text()).toContain('Please sign in')
    expect(calls).toEqual([])
  })

  it('may come from the bindings of a request', async () => {
    const auth = {
      username: 'ops',
      password: (c: Context<{ Bindings: { PASSWORD?: string } }>) => c.env.PASSWORD,
    }
    const app = circuitDashboard({ storage: new InMemoryStorage(), auth })
    const as = (password: string, env: object) =>
      app.request('/', { headers: basic('ops', password) }, env)
    expect((await as('hunter2', { PASSWORD: 'hunter2' })).status).toBe(200)
    expect((await as('wrong', { PASSWORD: 'hunter2' })).status).toBe(401)
  })

  it('let nobody in where the binding is missing or empty', async () => {
    const auth = {
      username: 'ops',
      password: (c: Context<{ Bindings: { PASSWORD?: string } }>) => c.env.PASSWORD,
    }
    const app = circuitDashboard({ storage: new InMemoryStorage(), auth })
    for (const env of [{}, { PASSWORD: '' }]) {
      for (const password of ['', 'undefined']) {
        expect((await app.request('/', { headers: basic('ops', password) }, env)).status).toBe(403)
      }
    }
  })
})

describe('a token', () => {
  const { get } = mounted({ auth: { token: 'tok-1' } })

  it('lets programs in as a bearer token, and people as the password', async () => {
    expect((await get('/api/breakers', bearer('tok-1'))).status).toBe(200)
    expect((await get('', basic('jonas', 'tok-1'))).status).toBe(200)
  })

  it.each([{}, bearer('tok-2'), bearer(''), basic('tok-1', 'x'), { authorization: 'tok-1' }])(
    'refuses %j',
    async (headers) => {
      expect((await get('', headers as Record<string, string>)).status).toBe(401)
      const answer = await get('/api/breakers', headers as Record<string, string>)
      expect(answer.status).toBe(401)
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
    },
  )
})

describe('a middleware', () => {
  it('decides who comes in', async () => {
    const auth = async (
      c: { req: { header(name: string): string | undefined }; text(t: string, s: 401): Response },
      next: () => Promise<void>,
    ) => (c.req.header('x-staff') === 'yes' ? next() : c.text('staff only', 401))
    const { get } = mounted({ auth })
    expect((await get('', { 'x-staff': 'yes' })).status).toBe(200)
    const refused = await get('', {})
    expect([refused.status, await refused.text()]).toEqual([401, 'staff only'])
  })
})

describe('the actor of an action', () => {
  const actorOf = async (options: object, headers: Record<string, string>) => {
    const { post, storage } = mounted(options)
    const answer = await post(BREAKER, { command: 'reset' }, { ...OWN_FORM, ...headers })
    expect(answer.status).toBe(303)
    return (await storage.history()).items[0]!.actor
  }

  it.each([
    ['the user who signed in', {}, OPS, 'mara'],
    ['the name typed beside a token', { auth: { token: 't' } }, basic('jonas', 't'), 'jonas'],
    ['a word for a bearer token', { auth: { token: 't' } }, bearer('t'), 'token'],
    [
      'a word behind a middleware, whatever the request claims',
      { auth: (_: unknown, next: () => Promise<void>) => next() },
      basic('eve', 'x'),
      'dashboard',
    ],
    [
      'what the option says',
      { actor: (c: { req: { header(n: string): string | undefined } }) => c.req.header('x-user') },
      { ...OPS, 'x-user': 'ada@example.com' },
      'ada@example.com',
    ],
    ['a word where the option says nothing that can be one', { actor: () => '' }, OPS, 'dashboard'],
    [
      'a word where a name is none',
      { auth: { token: 't' } },
      basic('x'.repeat(300), 't'),
      'dashboard',
    ],
  ])('is %s', async (_, options, headers, actor) => {
    expect(await actorOf(options, headers)).toBe(actor)
  })
})

describe('an action from elsewhere', () => {
  const form = { command: 'isolate', reason: 'gotcha' }

  it.each([
    [
      'another site',
      { ...OWN_FORM, 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    ],
    ['another site that claims our origin', { ...OWN_FORM, 'sec-fetch-site': 'cross-site' }],
    [
      'a sibling site',
      { ...OWN_FORM, 'sec-fetch-site': 'same-site', origin: 'http://other.localhost' },
    ],
    ['the address bar', { ...OWN_FORM, 'sec-fetch-site': 'none' }],
    [
      'an old browser on another site',
      {
        ...OPS,
        'content-type': 'application/x-www-form-urlencoded',
        origin: 'https://evil.example',
      },
    ],
    [
      'a sandboxed frame',
      { ...OPS, 'content-type': 'application/x-www-form-urlencoded', origin: 'null' },
    ],
    ['a form that says nothing', { ...OPS, 'content-type': 'application/x-www-form-urlencoded' }],
    ['a form that says nothing, as text', { ...OPS, 'content-type': 'text/plain' }],
  ])('is refused: %s', async (_, headers) => {
    const { post, storage } = mounted()
    const answer = await post(BREAKER, form, headers)
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('Nothing was changed')
    expect((await storage.history()).items).toEqual([])
  })

  it('is refused by the API, too', async () => {
    const { app, storage } = mounted()
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
    ]) {
      const sent = { ...OPS, ...headers, 'content-type': 'application/json' }
      const answer = await app.request('/circuits/api/breakers/n/k', {
        method: 'POST',
        headers: sent as Record<string, string>,
        body: JSON.stringify(form),
      })
      expect(answer.status).toBe(403)
    }
    expect((await storage.history()).items).toEqual([])
  })

  it('is taken from a browser that sends its origin alone', async () => {
    const { post } = mounted()
    const headers = { ...OPS, 'content-type': 'application/x-www-form-urlencoded', origin: HOST }
    expect((await post(BREAKER, form, headers)).status).toBe(303)
  })

  it('is never a matter of a GET', async () => {
    const { get, storage } = mounted()
    await get(`${BREAKER}&command=isolate`)
    expect((await storage.history()).items).toEqual([])
  })
})

describe('every page', () => {
  it('runs its own style and script, loads nothing, and is framed by nobody', async () => {
    const answer = await mounted().get('')
    const policy = answer.headers.get('content-security-policy')!
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)![1]
    expect(policy).toBe(
      `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    )
    const text = await answer.text()
    expect(text.match(/<script|<style/g)).toEqual(['<style', '<script'])
    expect(text.split(`nonce="${nonce}"`)).toHaveLength(3)
    expect(text).not.toMatch(/ style="| on[a-z]+="|src="|@import|url\(/)
    expect((await mounted().get('')).headers.get('content-security-policy')).not.toBe(policy)
  })

  it('leaves out style and script where a page asks for its own news', async () => {
    const text = await (await mounted().get('', { ...OPS, 'x-live': '1' })).text()
    expect(text).toContain('id="list"')
    expect(text).not.toMatch(/<style|<script/)
  })

  it('is kept by no cache, and sends an origin with its forms', async () => {
    const { headers } = await mounted().get('')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe("a user's function that fails", () => {
  const failing: [string, () => never][] = [
    [
      'throws',
      () => {
        throw new Error('mine')
      },
    ],
    ['rejects', (() => Promise.reject(new Error('mine'))) as () => never],
  ]

  it.each(failing)('lets nobody in where it should give the secret: it %s', async (_, oops) => {
    for (const auth of [{ token: oops }, { username: 'mara', password: oops }]) {
      const { get } = mounted({ auth })
      for (const headers of [OPS, bearer('[object Promise]'), basic('mara', '[object Promise]')])
        expect((await get('', headers)).status).toBe(403)
    }
  })

  it.each(failing)('is no reason to refuse an order: actor that %s', async (_, oops) => {
    const { post, storage } = mounted({ actor: oops })
    expect((await post(BREAKER, { command: 'reset' })).status).toBeLessThan(400)
    expect((await storage.history()).items[0]).toMatchObject({ actor: 'dashboard' })
  })

  it.each(failing)('hides no answer: onError that %s', async (_, oops) => {
    const storage = () => {
      throw new Error('no binding')
    }
    expect((await mounted({ storage, onError: oops }).get('')).status).toBe(503)
  })
})
