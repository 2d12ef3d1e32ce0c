import {
  afterAll,
  afterEach,
  beforeAll,
  describe,
  expect,
  inject,
  it,
  onTestFinished,
} from 'vitest'
import { isAcquire, openStand, type Stand, type Visitor, type Worker } from './stand.ts'

let stand: Stand
let worker: Worker
let other: Worker

beforeAll(async () => {
  stand = await openStand(inject('postgresUrl'))
  ;[worker, other] = await Promise.all([
    stand.worker('fixture.ts', stand.bindings),
    stand.worker('fixture.ts', stand.bindings),
  ])
})
afterEach(() => {
  stand.database.release()
  stand.upstream.release()
  stand.upstreamStatus = 200
})
afterAll(() => stand?.close())

/** The status that the Worker answers; its body is read to the end. */
async function status(answering: Promise<Response>): Promise<number> {
  const response = await answering
  await response.arrayBuffer()
  return response.status
}

/** Two failures, which are as many as it takes. */
async function trip(path: string, key: string): Promise<void> {
  stand.upstreamStatus = 500
  expect([await status(worker.get(path)), await status(worker.get(path))]).toEqual([500, 500])
  await expect.poll(() => stand.snapshot(key)).toMatchObject({ status: 'OPEN' })
  stand.upstreamStatus = 200
}

/** Visitors come until one of them has to wait. */
async function firstToWait(
  path: string,
  where: { waiting(number: number): Promise<void> },
): Promise<Visitor> {
  const waiting = where.waiting(1).then(() => 'waiting')
  let over = false
  onTestFinished(() => {
    over = true
  })
  while (!over) {
    const visitor = worker.visit(path)
    if ((await Promise.race([waiting, visitor.answer])) === 'waiting') return visitor
  }
  throw new Error('nobody had to wait before the test ended')
}

describe('a breaker in workerd', () => {
  it('rejects in every isolate once one of them saw the limit reached', async () => {
    await trip('/long/tripped/upstream', 'tripped')
    const calls = stand.upstream.count('/tripped')
    for (const isolate of [worker, other]) {
      const response = await isolate.get('/long/tripped/upstream')
      expect(response.status).toBe(503)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-type': 'application/problem+json',
        'cache-control': 'no-store',
        'retry-after': expect.stringMatching(/^3\d{3}$/),
      })
      expect(await response.json()).toEqual({
        type: 'about:blank',
        title: 'Service Unavailable',
        status: 503,
        detail: expect.any(String),
      })
    }
    expect(stand.upstream.count('/tripped')).toBe(calls)
  })

  it('closes for all once its probe succeeded', async () => {
    await trip('/short/healed/upstream', 'healed')
    const calls = stand.upstream.count('/healed')
    await expect.poll(() => status(worker.get('/short/healed/upstream'))).toBe(200)
    expect(stand.upstream.count('/healed')).toBe(calls + 1)
    await expect.poll(() => stand.snapshot('healed')).toMatchObject({ status: 'CLOSED' })
    expect(await status(other.get('/short/healed/upstream'))).toBe(200)
  })

  it('answers before it has reported, and reports behind the answer', async () => {
    await status(worker.get('/long/behind/ok'))
    stand.database.hold()
    expect(await status(worker.get('/long/behind/throws'))).toBe(500)
    await stand.database.waiting(1)
    stand.database.release()
    await expect.poll(() => stand.snapshot('behind')).toMatchObject({ log: '01' })
  })

  it('lets two requests wait for a slow refresh, each for its own', async () => {
    const before = stand.database.count('/sql')
    stand.database.hold()
    const both = Promise.all([
      status(worker.get('/long/slow/ok')),
      status(worker.get('/long/slow/ok')),
    ])
    await stand.database.waiting(2)
    expect(stand.database.count('/sql')).toBe(before + 2)
    stand.database.release()
    expect(await both).toEqual([200, 200])
  })

  it('answers the next request though the one before it left its refresh unanswered', async () => {
    let requests = 0
    stand.database.hold(() => requests++ === 0)
    const visitor = worker.visit('/long/left/ok')
    await stand.database.waiting(1)
    visitor.hangUp()
    expect(await status(worker.get('/long/left/ok'))).toBe(200)
  })

  it('makes its probe though the visitor left while it asked for a permit', async () => {
    await trip('/short/asker/upstream', 'asker')
    stand.database.hold(isAcquire)
    const visitor = await firstToWait('/short/asker/upstream', stand.database)
    visitor.hangUp()
    expect(await status(worker.get('/long/bystander/ok'))).toBe(200)
    stand.database.release()
    await expect.poll(() => stand.snapshot('asker')).toMatchObject({ status: 'CLOSED' })
    await expect.poll(() => status(worker.get('/short/asker/upstream'))).toBe(200)
  })

  it('reports its probe though the visitor left while it was out', async () => {
    await trip('/short/prober/upstream', 'prober')
    stand.upstream.hold()
    const visitor = await firstToWait('/short/prober/upstream', stand.upstream)
    visitor.hangUp()
    expect(await status(worker.get('/short/prober/upstream'))).toBe(503)
    stand.upstream.release()
    await expect.poll(() => stand.snapshot('prober')).toMatchObject({ status: 'CLOSED' })
    await expect.poll(() => status(worker.get('/short/prober/upstream'))).toBe(200)
  })
})
