import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One call that reached the upstream. */
export interface Hit {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Which instance called: the first part of the order's number. */
  readonly caller: string
  /** Was the upstream down when it came? */
  readonly dead: boolean
}

/** Somebody else's payment service, on 127.0.0.1. It says 500 while it is broken. */
export interface Upstream {
  readonly url: string
  readonly hits: readonly Hit[]
  dead: boolean
  close(): Promise<void>
}

/** @param changed - is told when somebody breaks or heals it: `POST /break`, `POST /heal` */
export async function startUpstream(
  changed: (dead: boolean) => void = () => {},
): Promise<Upstream> {
  const hits: Hit[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    request.resume()
    if (request.method === 'POST' && (path === '/break' || path === '/heal')) {
      upstream.dead = path === '/break'
      changed(upstream.dead)
      response.end(upstream.dead ? 'The upstream is down.\n' : 'The upstream is up.\n')
      return
    }
    const { dead } = upstream
    hits.push({ at: Date.now(), caller: path.split('/').at(-1)!.split('-')[0]!, dead })
    response.writeHead(dead ? 500 : 200, { 'content-type': 'application/json' })
    response.end(dead ? '{"error":"out of order"}' : '{"paid":true}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const upstream: Upstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hits,
    dead: false,
    async close() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return upstream
}
