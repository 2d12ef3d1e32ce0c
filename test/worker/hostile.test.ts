import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { openStand, type Stand, type Worker } from './stand.ts'

let stand: Stand
let worker: Worker

beforeAll(async () => {
  stand = await openStand(inject('postgresUrl'))
  worker = await stand.worker('fixture.ts', stand.bindings)
})
afterEach(() => {
  stand.database.release()
  stand.upstream.release()
  stand.upstreamStatus = 200
})
afterAll(() => stand?.close())

/** The outcomes that the storage knows of: 1 is a failure. */
const log = async (key: string): Promise<string> => (await stand.snapshot(key)).log

describe('the middleware in workerd', () => {
  it('counts a handler that throws, and leaves its answer alone', async () => {
    const response = await worker.get('/long/throws/throws')
    expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error'])
    await expect.poll(() => log('throws')).toBe('1')
  })

  it('counts a handler that throws a text, which no framework answers', async () => {
    const response = await worker.get('/long/text/throws-text')
    expect(response.status).toBe(500)
    await response.text()
    await expect.poll(() => log('text')).toBe('1')
  })

  it('has counted a stream that breaks off by what its head said', async () => {
    const response = await worker.get('/long/broken/breaks-off')
    expect(response.status).toBe(200)
    expect((await response.arrayBuffer()).byteLength).toBe(65_536)
    await expect.poll(() => log('broken')).toBe('0')
  })

  it('hands on a megabyte as it comes', async () => {
    const response = await worker.get('/long/megabyte/megabyte')
    expect((await response.arrayBuffer()).byteLength).toBe(1_048_576)
    await expect.poll(() => log('megabyte')).toBe('0')
  })

  it('sends the first byte of a stream long before the last is there', async () => {
    stand.upstream.hold()
    const response = await worker.get('/long/streamed/slow-stream')
    const reader = response.body!.getReader()
    expect((await reader.read()).value).toEqual(new Uint8Array([1]))
    stand.upstream.release()
    expect((await reader.read()).done).toBe(true)
  })

  it('holds nothing against the upstream where the visitor left', async () => {
    stand.upstream.hold()
    stand.upstreamStatus = 500
    const visitor = worker.visit('/long/gone/upstream')
    await stand.upstream.waiting(1)
    const deserted = stand.upstream.deserted()
    visitor.hangUp()
    await deserted
    stand.upstream.release()
    expect((await worker.get('/long/gone/ok')).status).toBe(200)
    await expect.poll(() => log('gone')).toBe('0')
  })

  it('lets one of 200 through that come at once while one probe is allowed', async () => {
    stand.upstreamStatus = 500
    for (const _ of [1, 2]) await (await worker.get('/short/crowd/upstream')).text()
    await expect
      .poll(() => stand.snapshot('crowd'))
      .toMatchObject({ retryAfterMs: 0, status: 'OPEN' })
    const before = stand.upstream.count('/crowd')
    stand.upstreamStatus = 200
    stand.upstream.hold()
    let probes = 0
    void stand.upstream.waiting(1).then(() => probes++)

    const statuses: number[] = []
    let visits: Promise<void>[] = []
    // Where there is no probe among them, the isolate's share of the cooldown was not over: another crowd comes.
    for (let came = 200; probes === 0; came += 200) {
      visits = Array.from({ length: 200 }, async () => {
        const response = await worker.get('/short/crowd/upstream')
        await response.arrayBuffer()
        statuses.push(response.status)
      })
      // All but the probe are answered while it is out.
      await expect.poll(() => statuses.length + probes).toBe(came)
    }
    expect(stand.upstream.count('/crowd')).toBe(before + 1)
    expect(new Set(statuses)).toEqual(new Set([503]))
    stand.upstream.release()
    await Promise.all(visits)
    expect(stand.upstream.count('/crowd')).toBe(before + 1)
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  })

  it('serves without a breaker where the key is a header of 10 kB, and says so', async () => {
    const response = await worker.get('/long/huge/ok', {
      headers: { 'x-tenant': 'x'.repeat(10_240) },
    })
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    await expect
      .poll(() => worker.console())
      .toContain('resourceKey must be 1 to 255 characters long')
  })

  it('serves without a breaker where the binding of the database is missing, and says so', async () => {
    const bare = await stand.worker('fixture.ts', {})
    const response = await bare.get('/long/bare/ok')
    expect([response.status, await response.text()]).toEqual([200, 'ok'])
    await expect
      .poll(() => bare.console())
      .toContain('there is no storage: a request ran unprotected: url must be')
  })
})
