import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { neonStorage } from '../../src/postgres/neon.ts'
import { neonStorage as neonFetchStorage } from '../../src/postgres/neon-fetch.ts'
import { cli } from '../cli/terminal.ts'

let server: Server
let fetchEndpoint: string
let body = ''
beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume()
    response.writeHead(400, { 'content-type': 'application/json' }).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  fetchEndpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const URL_OF_NEON = 'postgres://u:s3cret@h.neon.tech/db'
/** What a gateway or another version of Neon may send as a refusal. */
const BODIES = [
  '{}',
  'null',
  '[]',
  '7',
  '"no"',
  '{"message":null}',
  '{"message":7}',
  '{"error":"x"}',
]

describe.each(BODIES)('a refusal that says %s', (given) => {
  it.each([
    ['neon', neonStorage],
    ['neon-fetch', neonFetchStorage],
  ])('is an error with a message, through %s', async (_, make) => {
    body = given
    const error = await make(URL_OF_NEON, { fetchEndpoint })
      .list()
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_FAILED' })
    expect((error as Error).message).toMatch(/\w{3,} /)
    expect((error as Error).message).not.toMatch(/^(undefined|null|\[object|Cannot)/)
  })

  it('is told by the command line', async () => {
    body = given
    const env = { DATABASE_URL: URL_OF_NEON, RC_DB_FETCH_ENDPOINT: fetchEndpoint }
    for (const command of ['status', 'doctor']) {
      const { code, out, err } = await cli([command], { env })
      expect(code).toBe(1)
      expect(out + err).toMatch(/\/sql: \w{3,} /)
      expect(out + err).not.toMatch(/\/sql: (undefined|null|\[object|Cannot)/)
    }
  })
})
