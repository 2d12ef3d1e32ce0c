import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answered {
  readonly requests: number
  readonly perSecond: number
}

/**
 * Keeps so many connections busy for a while, each with one request at a time. It does little more than count, so that it takes as
 * little as can be from what it measures: it takes all answers to be as long as the first, and looks only at their first line.
 */
export async function load(url: URL, connections: number, forMs: number): Promise<Answered> {
  const request = Buffer.from(`GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\n\r\n`)
  const sockets = await Promise.all(Array.from({ length: connections }, () => opened(url)))
  const until = performance.now() + forMs
  const start = performance.now()
  const counts = await Promise.all(sockets.map((socket) => keepBusy(socket, request, until)))
  const elapsed = performance.now() - start
  for (const socket of sockets) socket.destroy()
  const requests = counts.reduce((sum, count) => sum + count, 0)
  return { requests, perSecond: (requests * 1_000) / elapsed }
}

async function opened({ hostname, port }: URL): Promise<Socket> {
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  return socket
}

const HEAD = Buffer.from('HTTP/1.1 200 ')

function keepBusy(socket: Socket, request: Buffer, until: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let answered = 0
    let length = 0
    let received = 0
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the connection was closed')))
    socket.on('data', (chunk: Buffer) => {
      if (received === 0 && !chunk.subarray(0, HEAD.length).equals(HEAD))
        return reject(new Error(chunk.toString()))
      length ||= lengthOf(chunk.toString())
      received += chunk.length
      if (received < length) return
      if (received > length) return reject(new Error('an answer is longer than the first'))
      received = 0
      answered++
      if (performance.now() < until) socket.write(request)
      else resolve(answered)
    })
    socket.write(request)
  })
}

/** Of an answer's head and body, in bytes. */
function lengthOf(text: string): number {
  const head = text.indexOf('\r\n\r\n')
  const body = /content-length: (\d+)/i.exec(text)
  if (head < 0 || body === null) throw new Error(`an answer without a length: ${text}`)
  return head + 4 + Number(body[1])
}
