import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** One request that came to a turnstile. */
export interface Arrival {
  readonly request: IncomingMessage
  readonly body: string
}

/** A server that counts who comes, and can keep them waiting. */
export class Turnstile {
  readonly #server: ReturnType<typeof createServer>
  readonly #counts = new Map<string, number>()
  readonly #events = new EventEmitter()
  #waiting: (() => void)[] = []
  #holds: (arrival: Arrival) => boolean = () => false

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server
  }

  /** @param answer - what it does with whoever may pass */
  static async start(
    answer: (arrival: Arrival, response: ServerResponse) => unknown,
  ): Promise<Turnstile> {
    const server = createServer(async (request, response) => {
      // Who goes away before the end of its request has not come.
      const body = await text(request).catch(() => undefined)
      if (body === undefined) return
      await turnstile.#arrive({ request, body })
      // Where it cannot answer, whoever asked is told so by the end of the connection.
      await Promise.resolve(answer({ request, body }, response)).catch(() => response.destroy())
    })
    const turnstile = new Turnstile(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return turnstile
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** How many came for this path, whether they passed or not. */
  count(path: string): number {
    return this.#counts.get(path) ?? 0
  }

  /** From now on nobody passes of whom this is true. */
  hold(holds: (arrival: Arrival) => boolean = () => true): void {
    this.#holds = holds
  }

  /** Lets all pass who wait, and all who come. */
  release(): void {
    this.#holds = () => false
    for (const pass of this.#waiting.splice(0)) pass()
  }

  /** Ends when so many are waiting. */
  async waiting(number: number): Promise<void> {
    while (this.#waiting.length < number) await once(this.#events, 'arrival')
  }

  /** Ends when the next of those who wait goes away. */
  async deserted(): Promise<void> {
    await once(this.#events, 'desertion')
  }

  async close(): Promise<void> {
    this.release()
    this.#server.close()
    this.#server.closeAllConnections()
    await once(this.#server, 'close')
  }

  async #arrive(arrival: Arrival): Promise<void> {
    const path = arrival.request.url ?? '/'
    this.#counts.set(path, this.count(path) + 1)
    if (!this.#holds(arrival)) return
    const passed = new Promise<void>((pass) => this.#waiting.push(pass))
    arrival.request.socket.once('close', () => this.#events.emit('desertion'))
    this.#events.emit('arrival')
    await passed
  }
}
