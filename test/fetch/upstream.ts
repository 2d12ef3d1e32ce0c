import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** A server that answers as it is told; it ends with its test. */
export interface Upstream {
  /** Such as `http://127.0.0.1:12345`. */
  readonly url: string
  /** The paths that were asked for. */
  readonly seen: readonly string[]
  /** How it answers from now on. Default: with what it was sent. */
  answer: RequestListener
}

export async function startUpstream(): Promise<Upstream> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(request.url!)
    upstream.answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const upstream: Upstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    async answer(request, response) {
      response.end(await textOf(request))
    },
  }
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
  })
  return upstream
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

/** An answer of this status, and nothing else. */
export function status(code: number, headers: Record<string, string> = {}): RequestListener {
  return (_, response) => response.writeHead(code, headers).end()
}
