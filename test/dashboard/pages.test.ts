import { Hono } from 'hono'
import { describe, expect, it } from 'vitest'
import { InvalidOptionError, ResilientCircuitError } from '../../src/core/errors.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { circuitDashboard } from '../../src/dashboard/index.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import { StorageError } from '../../src/postgres/errors.ts'
import { broken, mounted, OPS, watched } from './support.ts'

/** What a reader sees: text without tags, one space for many. */
const read = (page: string) =>
  page
    .replace(/<(style|script)[\s\S]*?<\/\1>/g, '')
    .replace(/<title>[^<]*<\/title>/g, '')
    .replace(/<wbr>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ')
const rowsOf = (page: string) => page.split('<tbody')[1]!.split('<tr').slice(1).map(read)
const classesOf = (page: string) =>
  [...page.split('<tbody')[1]!.matchAll(/<tr role="row" class="([^"]*)"/g)].map(([, name]) => name)
const linksOf = (page: string) =>
  [...page.matchAll(/href="([^"]*)"/g)].map(([, href]) => href!.replaceAll('&amp;', '&'))

describe('the list', () => {
  it('shows the worst first: status, countdown, failure rate against its limit, and the last change', async () => {
    const { get, clock, reporter } = mounted()
    await reporter('calm', 'production', { failureLimit: fraction(5, 10) }).report('0000100000')
    await reporter('broken', 'production', {
      failureLimit: fraction(2, 4),
      cooldown: '45s',
    }).report('0011')
    clock.advance(12_000)
    const [first, second] = rowsOf(await (await get('')).text())
    expect(first).toContain('broken production Open half-open in 33 s')
    expect(first).toContain('50 % 2 of 4 · limit 2')
    expect(first).toContain('12 s ago')
    expect(first).toContain('Failure limit reached')
    expect(second).toContain('calm production Closed')
    expect(second).toContain('10 % 1 of 10 · limit 5')
  })

  it('tells the outcomes to those who cannot see the strip', async () => {
    const { get, reporter } = mounted()
    await reporter('k', 'n', { failureLimit: fraction(4, 10) }).report('00101')
    expect(await (await get('')).text()).toContain(
      'aria-label="5 newest outcomes of a window of 10: 2 failed, 3 succeeded, the last one a failure"',
    )
  })

  it('shows a rate over time, as its window has moved on since', async () => {
    const { get, clock, reporter } = mounted()
    await reporter('k', 'n', {
      failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 20 }),
    }).report('0001')
    expect(rowsOf(await (await get('')).text())[0]).toContain('25 % 1 of 4 · limit 50 %')
    clock.advance(11_000)
    expect(rowsOf(await (await get('')).text())[0]).toContain('– limit 50 %')
  })

  it('shows probes that are out, and what is needed to close', async () => {
    const { get, clock, reporter } = mounted()
    const half = reporter('k', 'n', {
      failureLimit: fraction(1, 1),
      successLimit: fraction(3, 5),
      probeConcurrency: 2,
      cooldown: '1s',
    })
    await half.report('1')
    clock.advance(1_000)
    await half.probe()
    const row = rowsOf(await (await get('')).text())[0]
    expect(row).toContain('Half-open 0 of 3 successes to close')
    expect(row).toContain('1 of 2')
  })

  it('shows an override with what, until when, who and why, and no longer than it stands', async () => {
    const { get, clock, storage } = mounted()
    await storage.control({
      resourceKey: 'k',
      namespace: 'n',
      command: {
        order: { command: 'override', override: 'METRICS_ONLY', forMs: 600_000 },
        actor: 'mara',
        reason: 'first rollout',
      },
    })
    clock.advance(60_000)
    const row = rowsOf(await (await get('')).text())[0]
    expect(row).toMatch(/Metrics only for 9 min \(until 1 Jan 1970|Metrics only for 9 min \(until /)
    expect(row).toContain('mara : first rollout')
    clock.advance(540_000)
    expect(rowsOf(await (await get('')).text())[0]).not.toContain('Metrics only')
  })

  it('counts the breakers of each status, and names the namespaces', async () => {
    const { get, reporter } = mounted()
    await reporter('a', 'one').report('1')
    await reporter('b', 'two').report('0')
    const page = await (await get('?status=OPEN')).text()
    expect(read(page)).toContain('2 All breakers 1 Open 0 Due 0 Half-open 1 Closed')
    expect(rowsOf(page)).toHaveLength(1)
    expect(page).toContain('<option >one</option><option >two</option>')
  })

  it('tells open from due: in words, in colour, by its count and its filter', async () => {
    const { get, clock, reporter } = mounted()
    await reporter('a due', 'n', { cooldown: '30s', failureLimit: fraction(1, 2) }).report('11')
    await reporter('b open', 'n', { cooldown: '1h', failureLimit: fraction(1, 2) }).report('01')
    clock.advance(30_000)
    const page = await (await get('')).text()
    expect(rowsOf(page)[0]).toContain('b open n Open half-open in 59 min')
    expect(rowsOf(page)[1]).toContain('a due n Due probes with the next call')
    expect(classesOf(page)).toEqual(['is-OPEN', 'is-DUE'])
    expect(read(page)).toContain('2 All breakers 1 Open 1 Due 0 Half-open 0 Closed')
    const keys = async (status: string) =>
      rowsOf(await (await get(`?status=${status}`)).text()).map((row) => row.slice(0, 60))
    expect(await keys('DUE')).toEqual([expect.stringContaining('a due')])
    expect(await keys('OPEN')).toEqual([expect.stringContaining('b open')])
    expect(linksOf(page)).toContain('/circuits?status=DUE')
    const one = read(await (await get('/breaker?key=a+due&namespace=n')).text())
    expect(one).toContain('Due probes with the next call')
  })

  it('is red for what rejects calls, and not for what an order lets through', async () => {
    const { get, clock, reporter, storage } = mounted()
    for (const key of ['a watched', 'b disabled', 'c open'])
      await reporter(key, 'n', { cooldown: '1h' }).report('1')
    for (const [resourceKey, override] of [
      ['a watched', 'METRICS_ONLY'],
      ['b disabled', 'DISABLED'],
      ['d isolated', 'FORCED_OPEN'],
    ] as const) {
      const order = { command: 'override', override, forMs: 60_000 } as const
      const command = { order, actor: null, reason: null }
      await storage.control({ resourceKey, namespace: 'n', command })
    }
    const classes = async () => classesOf(await (await get('')).text())
    const [c, d] = ['is-OPEN', 'is-OPEN']
    expect(await classes()).toEqual([c, d, 'is-OPEN is-lax', 'is-OPEN is-lax'])
    const page = await (await get('')).text()
    expect(rowsOf(page)[0]).toContain('c open')
    clock.advance(60_000)
    expect(await classes()).toEqual(['is-OPEN', 'is-OPEN', 'is-OPEN', 'is-DUE'])
  })

  it('says that a half-open breaker waits for its next call, once no probe is out', async () => {
    const { get, clock, reporter } = mounted()
    const settings = { cooldown: '1s', successLimit: fraction(2, 2) } as const
    const half = reporter('k', 'n', settings)
    await half.report('1')
    clock.advance(1_000)
    await half.probe()
    const note = async () => rowsOf(await (await get('')).text())[0]
    expect(await note()).toContain('0 of 2 successes to close ')
    expect(await note()).not.toContain('next call')
    clock.advance(30_000)
    expect(await note()).toContain('0 of 2 successes to close · probes with the next call')
  })

  it('searches, filters, and says where nothing fits', async () => {
    const { get, reporter } = mounted()
    for (const [key, namespace] of [
      ['pay/eu', 'a'],
      ['pay/us', 'b'],
      ['mail', 'a'],
    ] as const)
      await reporter(key, namespace).report('0')
    expect(rowsOf(await (await get('?search=PAY')).text())).toHaveLength(2)
    expect(rowsOf(await (await get('?search=pay&namespace=a')).text())).toHaveLength(1)
    const page = await (await get('?search=nothing+like+it')).text()
    expect(read(page)).toContain('No breaker fits this.')
    expect(page).toContain('value="nothing like it"')
    expect(read(await (await mounted().get('')).text())).toContain('No breaker has reported yet.')
  })

  it('pages by key, keeping the filter', async () => {
    const { get, reporter } = mounted({ pageSize: 2 })
    for (const key of ['a1', 'a2', 'a3', 'b']) await reporter(key).report('0')
    const first = await (await get('?search=a')).text()
    expect(rowsOf(first)).toHaveLength(2)
    const next = linksOf(first).find((href) => href.includes('after='))!
    expect(next).toMatch(/^\/circuits\?search=a&after=/)
    const second = await (await get(next.slice('/circuits'.length))).text()
    expect(rowsOf(second)).toHaveLength(1)
    expect(linksOf(second).filter((href) => href.includes('after='))).toEqual([])
  })

  it('is one operation of the storage, whatever it shows', async () => {
    const { storage, calls } = watched(new InMemoryStorage())
    await mounted({ storage }).get('?search=x&status=OPEN&namespace=n')
    expect(calls).toEqual(['list'])
  })

  it.each([
    '?status=BROKEN',
    '?after=nonsense',
    '?after=1',
    '?after=%7B%22status%22%3A%22OPEN%22%7D',
    `?search=${'x'.repeat(300)}`,
    '?search=%00',
  ])('refuses %s', async (query) => {
    const answer = await mounted().get(query)
    expect(answer.status).toBe(400)
    expect(read(await answer.text())).toContain('must be')
  })
})

describe('what comes from a request', () => {
  const EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'`'

  it('is shown as text, wherever it stands', async () => {
    const { get, reporter, storage } = mounted()
    const evil = reporter(EVIL, EVIL, { failureLimit: fraction(1, 2) })
    await evil.report('00')
    await storage.control({
      ...evil.id,
      command: {
        order: { command: 'override', override: 'DISABLED', forMs: null },
        actor: EVIL,
        reason: EVIL,
      },
    })
    const query = new URLSearchParams({ key: EVIL, namespace: EVIL })
    for (const path of [
      '',
      `?search=${encodeURIComponent(EVIL)}`,
      `?namespace=${encodeURIComponent(EVIL)}`,
      `/breaker?${query}`,
      `/breaker?${query}&done=${encodeURIComponent(EVIL)}&range=${encodeURIComponent(EVIL)}`,
      `?status=${encodeURIComponent(EVIL)}`,
    ]) {
      const page = await (await get(path)).text()
      expect(page.match(/<script/g)).toHaveLength(1)
      expect(page).not.toMatch(/<img|alert\(1\)<\/script/)
    }
    expect(rowsOf(await (await get('')).text())[0]).toContain(EVIL)
  })

  it.each([
    'a/b',
    '..',
    '.',
    'a b+c',
    '100%',
    '%2F',
    'https://x.example/a?b=c#d',
    'ключ 🔑',
    '&amp;',
    '"',
    '\\',
    '<b>',
  ])('leads from the list to the breaker %j, and back from its form', async (key) => {
    const { app, get, reporter, storage } = mounted()
    await reporter(key, key).report('0')
    const link = linksOf(await (await get('')).text()).find((href) => href.includes('/breaker'))!
    const page = await app.request(link, { headers: OPS })
    expect(page.status).toBe(200)
    const action = /<form method="post" action="([^"]*)"/
      .exec(await page.text())![1]!
      .replaceAll('&amp;', '&')
    const answer = await app.request(action, {
      method: 'POST',
      headers: {
        ...OPS,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'command=reset',
    })
    expect(answer.status).toBe(303)
    expect((await storage.history()).items[0]).toMatchObject({
      resourceKey: key,
      namespace: key,
      cause: 'reset',
    })
  })
})

describe('the page of one breaker', () => {
  it('shows its state, settings, timeline and audit log', async () => {
    const { get, clock, reporter } = mounted()
    clock.advance(86_400_000)
    const one = reporter('pay', 'prod', {
      failureLimit: fraction(2, 4),
      successLimit: fraction(1, 1),
      cooldown: '10m',
      probeLease: '20s',
    })
    await one.report('0011')
    clock.advance(600_000)
    const token = await one.probe()
    clock.advance(5_000)
    await one.report('0', { tokens: [token!] })
    clock.advance(60_000)
    const page = await (await get('/breaker?key=pay&namespace=prod')).text()
    const text = read(page)
    expect(text).toContain('Opens at 2 failures among the last 4')
    expect(text).toContain('Stays open for 10m')
    expect(text).toContain('Closes after 1 successes among 1 probes')
    expect(text).toContain('Probe lease 20s')
    expect(text).toMatch(
      /Half-open → Closed Probes succeeded – .*Open → Half-open Cooldown over – .*Closed → Open Failure limit reached –/,
    )
    expect(page).toContain(
      'aria-label="In 1 d: opened 1 times, open for 10 min, half-open for 5 s, closed for 1 min.',
    )
  })

  it('pages through its audit log', async () => {
    const { get, post } = mounted()
    for (let i = 0; i < 55; i++)
      await post('/breaker?key=k&namespace=n', { command: 'close', reason: `no ${i}.` })
    const first = await (await get('/breaker?key=k&namespace=n')).text()
    expect(rowsOf(first)).toHaveLength(50)
    const older = linksOf(first).find((href) => href.includes('after='))!
    const second = await (await get(older.slice('/circuits'.length))).text()
    expect(rowsOf(second)).toHaveLength(5)
    expect(rowsOf(second).at(-1)).toContain('no 0.')
  })

  it('is not found where nobody reported', async () => {
    const answer = await mounted().get('/breaker?key=k&namespace=n')
    expect(answer.status).toBe(404)
    expect(await answer.text()).toContain('No breaker has reported under this key')
  })

  it.each(['', '?key=k', '?key=&namespace=n'])('needs a key and a namespace: %j', async (query) => {
    expect((await mounted().get(`/breaker${query}`)).status).toBe(400)
  })
})

describe('the buttons', () => {
  const given = async (form: Record<string, string>) => {
    const { post, get, storage, reporter } = mounted()
    const one = reporter('k', 'n', { cooldown: '7m' })
    await one.report('0')
    const answer = await post('/breaker?key=k&namespace=n', form)
    const [read] = await storage.exchange([one.id])
    const page =
      answer.status === 303
        ? await (await get(answer.headers.get('location')!.slice('/circuits'.length))).text()
        : ''
    return { answer, snapshot: read!.snapshot, line: (await storage.history()).items[0], page }
  }

  it.each([
    [
      'isolate',
      { for: '15m' },
      {
        status: 'OPEN',
        override: { kind: 'FORCED_OPEN', durationMs: 900_000, actor: 'mara', reason: 'why' },
      },
      'isolated',
    ],
    [
      'isolate',
      { for: '' },
      { status: 'OPEN', override: { kind: 'FORCED_OPEN', durationMs: null } },
      'isolated',
    ],
    [
      'force-open',
      { for: '15m' },
      { status: 'OPEN', override: { kind: 'FORCED_OPEN', durationMs: null } },
      'isolated',
    ],
    [
      'disable',
      { for: '1h' },
      { status: 'CLOSED', override: { kind: 'DISABLED', durationMs: 3_600_000 } },
      'overridden',
    ],
    [
      'metrics-only',
      { for: '' },
      { status: 'CLOSED', override: { kind: 'METRICS_ONLY', durationMs: null } },
      'overridden',
    ],
    ['open', {}, { status: 'OPEN', override: null, cooldownMs: 420_000 }, 'opened'],
    ['close', {}, { status: 'CLOSED', override: null }, 'closed'],
    ['lift', {}, { status: 'CLOSED', override: null }, 'overridden'],
    ['reset', {}, { status: 'CLOSED', override: null, log: '' }, 'reset'],
  ])('%s with %j', async (command, more, expected, cause) => {
    const { answer, snapshot, line, page } = await given({
      command,
      reason: 'why',
      ...more,
    } as Record<string, string>)
    expect(answer.status).toBe(303)
    expect(snapshot).toMatchObject(expected)
    expect(line).toMatchObject({ cause, actor: 'mara', reason: 'why' })
    expect(page).toContain('class="done" role="status"')
  })

  it.each([
    [{ command: 'explode' }],
    [{}],
    [{ command: 'toString' }],
    [{ command: 'isolate', for: 'long' }],
    [{ command: 'isolate', for: '31d' }],
    [{ command: 'isolate', for: '0s' }],
    [{ command: 'close', reason: 'x'.repeat(256) }],
  ])('refuse %j', async (form) => {
    const { answer, snapshot, line } = await given(form as Record<string, string>)
    expect(answer.status).toBe(400)
    expect(snapshot.version).toBe(1)
    expect(line).toBeUndefined()
  })

  it('work before the first call was made', async () => {
    const { post, storage } = mounted()
    expect(
      (await post('/breaker?key=new&namespace=n', { command: 'metrics-only', reason: 'rollout' }))
        .status,
    ).toBe(303)
    expect((await storage.list()).items[0]).toMatchObject({
      resourceKey: 'new',
      override: { kind: 'METRICS_ONLY' },
    })
  })
})

describe('where it is mounted', () => {
  const linksAt = async (mount: string, path: string, basePath?: string) => {
    const storage = new InMemoryStorage()
    const app = new Hono()
    app.route(
      mount,
      circuitDashboard({
        storage,
        auth: { username: 'mara', password: 'secret' },
        ...(basePath && { basePath }),
      }),
    )
    await storage.control({
      resourceKey: 'k',
      namespace: 'n',
      command: { order: { command: 'close' }, actor: null, reason: null },
    })
    const answer = await app.request(path, { headers: OPS })
    expect(answer.status).toBe(200)
    return linksOf(await answer.text()).filter((href) => href.includes('/breaker'))
  }

  it('is found out: deep, at the top, behind a parameter', async () => {
    expect(await linksAt('/ops/circuits', '/ops/circuits')).toEqual([
      '/ops/circuits/breaker?key=k&namespace=n',
    ])
    expect(await linksAt('/', '/')).toEqual(['/breaker?key=k&namespace=n'])
    expect(await linksAt('/t/:tenant/circuits', '/t/acme/circuits')).toEqual([
      '/t/acme/circuits/breaker?key=k&namespace=n',
    ])
  })

  it('can be told, where a proxy changes it', async () => {
    expect(await linksAt('/', '/', '/behind/proxy')).toEqual([
      '/behind/proxy/breaker?key=k&namespace=n',
    ])
  })

  it('may be asked for with a slash at its end', async () => {
    const answer = await mounted().get('/')
    expect([answer.status, answer.headers.get('location')]).toEqual([308, '/circuits'])
  })

  it('leaves the rest of the application alone', async () => {
    const { app } = mounted()
    app.get('/hello', (c) => c.text('hello'))
    expect(await (await app.request('/hello')).text()).toBe('hello')
    expect((await app.request('/circuits/nowhere', { headers: OPS })).status).toBe(404)
  })
})

describe('a storage that fails', () => {
  const SECRET = 'postgres://ops:hunter2@db.example/prod refused'
  class MissingSchema extends ResilientCircuitError {
    readonly code = 'SCHEMA_MISSING'
  }

  it.each(['', '/breaker?key=k&namespace=n', '/api/breakers', '/api/breakers/n/k', '/api/history'])(
    'is a 503 at %j without its words',
    async (path) => {
      const told: unknown[] = []
      const error = new Error(SECRET)
      const answer = await mounted({ storage: broken(error), onError: (e) => told.push(e) }).get(
        path,
      )
      const text = await answer.text()
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('5')
      expect(text).toContain('does not answer')
      expect(text).not.toMatch(/hunter2|db\.example/)
      expect(told).toEqual([error])
    },
  )

  it.each([
    ['NOT_WRITTEN', 'A trigger, a rule or a row-level security policy'],
    ['BAD_DATA', 'The database refuses this key'],
  ])('says what to do about %s', async (code, advice) => {
    const error = new StorageError(code as StorageError['code'], SECRET, undefined)
    const page = mounted({ storage: broken(error), onError: () => {} })
    const answer = await page.post('/breaker?key=k&namespace=n', { command: 'reset' })
    expect(answer.status).toBe(503)
    const text = await answer.text()
    expect(text).toContain(advice)
    expect(text).not.toContain('hunter2')
  })

  it('is a 503 for an action, too', async () => {
    expect(
      (
        await mounted({ storage: broken(new Error(SECRET)) }).post('/breaker?key=k&namespace=n', {
          command: 'reset',
        })
      ).status,
    ).toBe(503)
  })

  it('is a 503 where it cannot even be made, and is made again with the next request', async () => {
    let calls = 0
    const { get } = mounted({
      storage: () => {
        if (++calls === 1) throw new InvalidOptionError('url', 'a database URL', undefined)
        return new InMemoryStorage()
      },
    })
    expect((await get('')).status).toBe(503)
    expect((await get('')).status).toBe(200)
    expect((await get('')).status).toBe(200)
    expect(calls).toBe(2)
  })

  it('says what to do where its code tells', async () => {
    const answer = await mounted({ storage: broken(new MissingSchema(SECRET)) }).get('')
    expect(await answer.text()).toContain('run resilient-circuit pg-setup')
  })
})
