import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { InvalidOptionError } from '../../src/core/errors.ts'
import type { BreakerPage } from '../../src/fleet/admin.ts'
import { Reporter } from '../browser/scene.ts'
import { memoryStage, postgresStage, type Stage } from '../browser/stage.ts'

describe.each([
  ['memory', () => memoryStage()],
  ['PostgreSQL', () => postgresStage(inject('postgresUrl'))],
])('what the dashboard asks of a storage: %s', (_, makeStage) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await makeStage()
  })
  afterEach(() => stage.clear())
  afterAll(() => stage.close())
  const reporter = (key: string, namespace: string) =>
    new Reporter(stage.storage, key, namespace, { cooldown: '1s' })

  it('sums up what namespace and search find, whichever status and page are asked for, and all namespaces', async () => {
    for (const [key, namespace, outcome] of [
      ['pay/eu', 'b', '1'],
      ['pay/us', 'b', '0'],
      ['mail', 'b', '1'],
      ['pay/eu', 'a', '1'],
      ['half', 'Z', '1'],
    ] as const) {
      await reporter(key, namespace).report(outcome)
    }
    await stage.advance(1_000)
    await reporter('half', 'Z').probe()
    const namespaces = ['Z', 'a', 'b']
    const { storage } = stage
    expect((await storage.list({ summary: true })).summary).toEqual({
      counts: { OPEN: 3, HALF_OPEN: 1, CLOSED: 1 },
      due: 3,
      namespaces,
    })
    const page = await storage.list({
      summary: true,
      namespace: 'b',
      search: 'PAY',
      status: 'CLOSED',
      limit: 1,
    })
    expect(page.items.map(({ resourceKey }) => resourceKey)).toEqual(['pay/us'])
    expect(page.summary).toEqual({
      counts: { OPEN: 1, HALF_OPEN: 0, CLOSED: 1 },
      due: 1,
      namespaces,
    })
    const first = await storage.list({ summary: true, limit: 2 })
    const second = await storage.list({ summary: true, limit: 2, after: first.next! })
    expect(second.summary).toEqual(first.summary)
    expect(second.items).toHaveLength(2)
  })

  it('sums up an empty page and an empty storage, and nothing where no summary is asked for', async () => {
    const { storage } = stage
    const nothing = {
      items: [],
      next: null,
      summary: { counts: { OPEN: 0, HALF_OPEN: 0, CLOSED: 0 }, due: 0, namespaces: [] },
    }
    expect(await storage.list({ summary: true })).toEqual(nothing)
    await reporter('k', 'n').report('1')
    expect(await storage.list({ summary: true, search: 'elsewhere' })).toEqual({
      ...nothing,
      summary: { ...nothing.summary, namespaces: ['n'] },
    })
    expect(await storage.list()).not.toHaveProperty('summary')
  })

  it('pages keep the order of the first page while time goes on', async () => {
    const { storage } = stage
    const open = (key: string, cooldown: '10s' | '1h') =>
      new Reporter(storage, key, 'n', { cooldown }).report('1')
    for (const [key, cooldown] of [
      ['a', '10s'],
      ['b', '1h'],
      ['c', '1h'],
    ] as const)
      await open(key, cooldown)
    const pages: string[][] = []
    let after: string | null = null
    do {
      const page: BreakerPage = await storage.list({ limit: 1, ...(after !== null && { after }) })
      pages.push(page.items.map(({ resourceKey }) => resourceKey))
      await stage.advance(10_000)
      after = page.next
    } while (after !== null)
    expect(pages).toEqual([['a'], ['b'], ['c']])
    expect((await storage.list()).items.map(({ resourceKey }) => resourceKey)).toEqual([
      'b',
      'c',
      'a',
    ])
  })

  it('prunes what is under an order whose time is over, and keeps what is under one in force', async () => {
    const { storage } = stage
    for (const [key, forMs] of [
      ['over', 60_000],
      ['in force', null],
    ] as const) {
      const order = { command: 'override', override: 'DISABLED', forMs } as const
      await storage.control({
        resourceKey: key,
        namespace: 'n',
        command: { order, actor: null, reason: null },
      })
    }
    await stage.advance(2 * 86_400_000)
    expect(await storage.prune({ breakersOlderThanMs: 86_400_000 })).toMatchObject({ breakers: 1 })
    expect((await storage.list()).items).toMatchObject([{ resourceKey: 'in force' }])
  })

  it('a breaker whose clock stepped back is due, as its caller finds it', async () => {
    const { storage } = stage
    await new Reporter(storage, 'k', 'n', { cooldown: '1h' }).report('1')
    expect((await storage.list({ due: true })).items).toEqual([])
    await stage.advance(-60_000)
    const { items, summary } = await storage.list({ due: true, summary: true })
    expect(items).toMatchObject([{ resourceKey: 'k', status: 'OPEN', retryAfterMs: 0 }])
    expect(summary!.due).toBe(1)
    expect(await new Reporter(storage, 'k', 'n', { cooldown: '1h' }).probe()).not.toBeNull()
    await stage.advance(60_000)
  })

  it('tells of the history what is younger than it is asked for', async () => {
    const { storage } = stage
    await reporter('old', 'n').report('1')
    await stage.advance(60_000)
    await reporter('new', 'n').report('1')
    const of = async (newerThanMs: number) =>
      (await storage.history({ newerThanMs })).items.map(({ resourceKey }) => resourceKey)
    expect(await of(30_000)).toEqual(['new'])
    expect(await of(90_000)).toEqual(['new', 'old'])
    expect(await of(36_525 * 86_400_000)).toEqual(['new', 'old'])
    for (const newerThanMs of [-1, Number.NaN, 36_525 * 86_400_000 + 1]) {
      await expect(storage.history({ newerThanMs })).rejects.toThrow(InvalidOptionError)
    }
  })

  it.each([
    '',
    'x',
    '1',
    'null',
    '{}',
    '[]',
    '{"status":"OPEN","failureCount":1,"resourceKey":"k","namespace":"n"}',
    '{"at":1,"rank":0,"failureCount":"1","resourceKey":"k","namespace":"n"}',
    '{"at":1,"rank":"0","failureCount":1,"resourceKey":"k","namespace":"n"}',
    '{"at":1,"rank":0,"failureCount":1e99,"resourceKey":"k","namespace":"n"}',
    '{"at":1e99,"rank":0,"failureCount":1,"resourceKey":"k","namespace":"n"}',
    '{"at":-1,"rank":0,"failureCount":1,"resourceKey":"k","namespace":"n"}',
    '{"at":1,"rank":0,"failureCount":1,"resourceKey":"\\u0000","namespace":"n"}',
  ])('refuses the cursor %j before it asks anything', async (after) => {
    await expect(stage.storage.list({ after })).rejects.toThrow(InvalidOptionError)
  })

  it.each(['', 'x', '"1"', '1.5', '1e30', 'null', '{}'])(
    'refuses the cursor %j of a history',
    async (after) => {
      await expect(stage.storage.history({ after })).rejects.toThrow(InvalidOptionError)
    },
  )
})
