import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** What went over the wire, in payload bytes: without the frames of TCP and IP. */
export interface Tally {
  readonly connections: number
  /** A flight of the client's that a flight of the server's followed; and each connection's handshake. */
  readonly roundTrips: number
  readonly bytes: number
}

/** Stands on a port of 127.0.0.1 in front of a server, hands everything on as it is, and counts it. */
export class CountingProxy implements AsyncDisposable {
  readonly port: number
  readonly #close: () => Promise<void>
  readonly #tally: { -readonly [K in keyof Tally]: number } = {
    connections: 0,
    roundTrips: 0,
    bytes: 0,
  }

  private constructor(port: number, close: () => Promise<void>) {
    this.port = port
    this.#close = close
  }

  /** @param url - of the server */
  static async start(url: string): Promise<CountingProxy> {
    const target = new URL(url)
    const sockets = new Set<Socket>()
    const server = createServer((client) =>
      proxy.#join(client, connect(Number(target.port), target.hostname), sockets),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new CountingProxy((server.address() as AddressInfo).port, async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    })
    return proxy
  }

  /** As it stands now. */
  get tally(): Tally {
    return { ...this.#tally }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close()
  }

  #join(client: Socket, server: Socket, sockets: Set<Socket>): void {
    this.#tally.connections++
    this.#tally.roundTrips++
    let asked = false
    client.on('data', (chunk: Buffer) => {
      asked = true
      this.#tally.bytes += chunk.length
      server.write(chunk)
    })
    server.on('data', (chunk: Buffer) => {
      if (asked) this.#tally.roundTrips++
      asked = false
      this.#tally.bytes += chunk.length
      client.write(chunk)
    })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('end', () => other.end())
      socket.on('error', () => other.destroy())
      socket.on('close', () => sockets.delete(socket))
    }
  }
}
