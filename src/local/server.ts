import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Reply } from './endpoint.ts'

/**
 * Longer than any client keeps an idle connection, so that it is never us who closes one that is
 * about to be used.
 */
const KEEP_ALIVE_MS = 65_000

export interface Listener {
  readonly port: number
  /** Drops the connections that are left, which aborts what runs for them. */
  close(): Promise<void>
}

/**
 * Listens; each request gets a signal that aborts when its client goes away before it has the
 * answer.
 */
export async function listen(
  port: number,
  host: string,
  answer: (request: IncomingMessage, signal: AbortSignal) => Promise<Reply>,
): Promise<Listener> {
  const server = createServer((request, response) => {
    const client = new AbortController()
    response.once('close', () => client.abort())
    void answer(request, client.signal).then((result) => send(response, result))
  })
  server.keepAliveTimeout = KEEP_ALIVE_MS
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}
