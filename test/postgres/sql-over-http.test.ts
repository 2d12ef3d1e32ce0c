import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { neonStorage as neonDriver } from '../../src/postgres/neon.ts'
import { neonStorage as neonFetch } from '../../src/postgres/neon-fetch.ts'

const SECRET = 's3cr3t'
const URL_OF = `postgres://u:${SECRET}@db.example/d`
const id = { resourceKey: 'k', namespace: 'default' }

async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`
}

describe.each([
  ['Neon’s driver', neonDriver],
  ['fetch alone', neonFetch],
])('an endpoint that is no good, by %s', (_, neonStorage) => {
  const errorOf = (fetchEndpoint: string, signal?: AbortSignal) =>
    neonStorage(URL_OF, { fetchEndpoint })
      .exchange([id], signal && { signal })
      .then(
        () => expect.unreachable(),
        (error) => error,
      )

  it.each([301, 302, 303, 307, 308])('a redirect is not followed: %s', async (status) => {
    const reached: unknown[] = []
    const other = await serve((request, response) => {
      reached.push(request.headers)
      response.end('{}')
    })
    const first = await serve((_, response) => {
      response.writeHead(status, { location: other }).end()
    })
    const error = await errorOf(first)
    expect(error).toMatchObject({
      name: 'StorageError',
      code: 'STORAGE_FAILED',
      message: expect.stringContaining(`redirects (HTTP status ${status})`),
    })
    expect(reached).toEqual([])
  })

  it('an error page is read in part, and shown without secrets', async () => {
    let sent = 0
    const endless = await serve((_, response) => {
      response.writeHead(500)
      const more = () => {
        while (!response.destroyed && response.write(`${'a'.repeat(16_384)} ${URL_OF} `)) sent++
      }
      response.on('drain', more)
      more()
    })
    const error = await errorOf(endless)
    expect(error.message).toMatch(/^server error \(HTTP status 500\): /)
    expect(error.message.length).toBeLessThan(1_200)
    expect(error.message).not.toContain(SECRET)
    expect(sent).toBeLessThan(10_000)
  })

  it('an answer of 100 MB is refused', async () => {
    const chunk = Buffer.alloc(1024 * 1024, ' ')
    let sent = 0
    const large = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && sent < 100) {
          sent++
          if (!response.write(chunk)) return
        }
        response.end()
      }
      response.on('drain', more)
      more()
    })
    expect((await errorOf(large)).message).toMatch(/answered with more than \d+ bytes/)
    expect(sent).toBeLessThan(100)
  })

  it.each([
    [200, '<html>welcome</html>'],
    [200, 'null'],
    [200, '{}'],
    [200, '{"rows":[[null]],"fields":[]}'],
    [400, '<html>bad request</html>'],
    [400, '{}'],
    [400, '"query is not supported"'],
    [204, ''],
  ])('an answer that is none is an error with a reason: %s %s', async (status, body) => {
    const odd = await serve((_, response) => void response.writeHead(status).end(body))
    const error = await errorOf(odd)
    expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_FAILED' })
    expect(error.message).not.toMatch(/undefined|^$/)
  })

  it('a call that is given up ends its request', async () => {
    const giveUp = new AbortController()
    let closed: Promise<unknown> | undefined
    const silent = await serve((request) => {
      closed = once(request.socket, 'close')
      giveUp.abort(new Error('given up'))
    })
    expect(await errorOf(silent, giveUp.signal)).toBe(giveUp.signal.reason)
    await closed
  })
})
