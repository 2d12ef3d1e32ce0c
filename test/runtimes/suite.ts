import assert from 'node:assert/strict'
import { expect } from 'vitest'
import { entries } from '../packaging/entries.ts'
import type { Stand } from './stand.ts'

type Case = (stand: Stand) => Promise<void>

/** What holds on every runtime. Each case has breakers of its own, and leaves the upstream and the database well. */
export const CASES: Readonly<Record<string, Case>> = {
  async 'starts with breakers, storage and fetch made at module scope, and asks the database only when it is called'(
    stand,
  ) {
    assert.equal(stand.database.count('/sql'), 0)
    await answers(stand, '/route/first', 200)
    assert.ok(stand.database.count('/sql') > 0)
  },

  'protects a route: trips, and rejects at once': (stand) =>
    rejects(stand, '/route/trips', 'trips'),

  'protects a fetch: trips, and rejects at once': (stand) =>
    rejects(stand, '/fetch/fetched', 'fetched'),

  async 'probes, and stays open while the upstream fails'(stand) {
    stand.upstreamStatus = 500
    await answers(stand, '/probed/fails', 500)
    await answers(stand, '/probed/fails', 500)
    const before = stand.upstream.count('/fails')
    await until(async () => {
      await stand.get('/probed/fails')
      return stand.upstream.count('/fails') > before
    })
    await until(async () => (await stored(stand, 'fails'))?.status === 'OPEN')
    stand.upstreamStatus = 200
  },

  async 'probes, and closes when the upstream is well again'(stand) {
    stand.upstreamStatus = 500
    await answers(stand, '/probed/heals', 500)
    await answers(stand, '/probed/heals', 500)
    await until(async () => (await stored(stand, 'heals'))?.status === 'OPEN')
    stand.upstreamStatus = 200
    await until(async () => (await stand.get('/probed/heals')).status === 200)
    await until(async () => (await stored(stand, 'heals'))?.status === 'CLOSED')
  },

  async 'answers before its report is stored, which goes on behind the answer'(stand) {
    for (const way of ['route', 'fetch']) {
      const key = `behind-${way}`
      await answers(stand, `/${way}/${key}`, 200)
      stand.upstreamStatus = 500
      stand.database.hold()
      await answers(stand, `/${way}/${key}`, 500)
      await stand.database.waiting(1)
      stand.database.release()
      await until(async () => (await stored(stand, key))?.log.includes('1') === true)
      stand.upstreamStatus = 200
    }
  },

  async 'waits for the report, without a waitUntil, where it would be cut off'(stand) {
    await answers(stand, '/policy/alone', 200)
    stand.upstreamStatus = 500
    stand.database.hold()
    let answered = false
    const answer = stand.get('/policy/alone').then(() => {
      answered = true
    })
    await stand.database.waiting(1)
    if (stand.runtime.floats) await answer
    assert.equal(answered, stand.runtime.floats)
    stand.database.release()
    await answer
    await until(async () => (await stored(stand, 'policy'))?.log.includes('1') === true)
    stand.upstreamStatus = 200
  },

  async 'goes on by itself while the database is away: lets through, trips, and tells when it is back'(
    stand,
  ) {
    stand.outage = true
    await answers(stand, '/storage/status', 500)
    await answers(stand, '/route/outage', 200)
    stand.upstreamStatus = 500
    for (let i = 0; i < 2; i++) await answers(stand, '/route/outage', 500)
    const before = stand.upstream.count('/outage')
    await answers(stand, '/route/outage', 503)
    assert.equal(stand.upstream.count('/outage'), before)
    stand.outage = false
    stand.upstreamStatus = 200
    await until(
      async () =>
        (await stand.get('/route/afterwards')).status === 200 &&
        (await stored(stand, 'afterwards')) !== undefined,
    )
  },

  async 'loads every entry, or says why it cannot'(stand) {
    for (const { name } of entries) {
      const response = await stand.get(`/load/${name}`)
      const text = await response.text()
      const refusal = stand.runtime.refuses[name]
      if (refusal === undefined) assert.equal(response.status, 200, `${name}: ${text}`)
      else assert.match(text, refusal, name)
    }
  },
}

async function rejects(stand: Stand, path: string, key: string): Promise<void> {
  stand.upstreamStatus = 500
  await answers(stand, path, 500)
  await answers(stand, path, 500)
  const rejection = await answers(stand, path, 503)
  // An isolate's first probe comes up to a second later than it might, so that not all come at once.
  const retryAfter = Number(rejection.headers.get('retry-after'))
  assert.ok(retryAfter > 3_500 && retryAfter <= 3_601, `Retry-After is ${retryAfter}`)
  assert.equal(rejection.headers.get('content-type'), 'application/problem+json')
  assert.equal(stand.upstream.count(`/${key}`), 2)
  await until(async () => (await stored(stand, key))?.status === 'OPEN')
  stand.upstreamStatus = 200
  await answers(stand, path, 503)
}

async function answers(stand: Stand, path: string, status: number): Promise<Response> {
  const response = await stand.get(path)
  assert.equal(response.status, status, `${path}: ${await response.clone().text()}`)
  return response
}

/** What the storage knows of a breaker, as the runtime reads it. */
async function stored(
  stand: Stand,
  key: string,
): Promise<{ readonly status: string; readonly log: string } | undefined> {
  return (await (await stand.get('/storage/status')).json())[key]
}

/** Asks again until it holds. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  await expect.poll(holds).toBe(true)
}
