import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { openStand, type Stand, type Worker } from './stand.ts'
import { type Arrival, Turnstile } from './turnstile.ts'

const SECRET = 's3cr3t'

let stand: Stand
let worker: Worker
/** Redirects to the other, with the status that its path names. */
let endpoint: Turnstile
let elsewhere: Turnstile
const asked: Arrival[] = []
const reached: Arrival[] = []

beforeAll(async () => {
  stand = await openStand(inject('postgresUrl'))
  elsewhere = await Turnstile.start((arrival, response) => {
    reached.push(arrival)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"rows":[],"fields":[]}')
  })
  endpoint = await Turnstile.start((arrival, response) => {
    asked.push(arrival)
    const [, status, target] = arrival.request.url!.split('/')
    const location = target === 'elsewhere' ? `${elsewhere.url}/sql` : `${endpoint.url}/200/again`
    response.writeHead(Number(status), { location }).end()
  })
  worker = await stand.worker('redirected.ts', {
    DATABASE_URL: `postgres://u:${SECRET}@db.example/d`,
  })
})
afterAll(async () => {
  await endpoint?.close()
  await elsewhere?.close()
  await stand?.close()
})

describe.each(['neon', 'neon-fetch'])('an endpoint that redirects, in workerd, by %s', (driver) => {
  it.each(
    [301, 302, 303, 307, 308].flatMap((status) => [
      [status, 'elsewhere'],
      [status, 'the same origin'],
    ]),
  )('is not followed: %s to %s', async (status, target) => {
    asked.length = 0
    const path = `/${status}/${target === 'elsewhere' ? target : 'here'}`
    const url = encodeURIComponent(`${endpoint.url}${path}`)
    const answer = await (await worker.get(`/${driver}?endpoint=${url}`)).json()
    expect(answer).toMatchObject({
      name: 'StorageError',
      code: 'STORAGE_FAILED',
      message: expect.stringContaining(`redirects (HTTP status ${status})`),
    })
    expect(JSON.stringify(answer)).not.toContain(SECRET)
    // The request that must not go on holds the password.
    expect(asked.map(({ request }) => request.url)).toEqual([path])
    expect(asked[0]!.request.headers['neon-connection-string']).toContain(SECRET)
    expect(reached).toEqual([])
  })
})
