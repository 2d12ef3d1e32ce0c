import pg from 'pg'
import { outlive } from './pool.ts'

/** How long a connection may take to be made, and a call may wait for one of the pool. */
const CONNECT_MS = 10_000
/** How long the end of a pool waits for statements and for the server's goodbye. */
const END_MS = 2_000

/** A pool of ours, which ends within a limit whatever the server does. */
export class OwnPool {
  readonly pool: pg.Pool
  readonly #clients = new Set<pg.Client>()
  #ended: Promise<void> | undefined

  constructor(connectionString: string, max: number) {
    const clients = this.#clients
    this.pool = new pg.Pool({
      connectionString,
      max,
      allowExitOnIdle: true,
      connectionTimeoutMillis: CONNECT_MS,
      // The pool tells only of those that are connected, and one may still be waiting for that.
      Client: class extends pg.Client {
        constructor(config?: string | pg.ClientConfig) {
          super(config)
          clients.add(this)
          this.once('end', () => clients.delete(this))
        }
      },
    })
    outlive(this.pool)
  }

  /** May be called more than once. */
  end(): Promise<void> {
    this.#ended ??= this.#end()
    return this.#ended
  }

  async #end(): Promise<void> {
    const cut = setTimeout(() => {
      for (const { connection } of this.#clients) connection.stream.destroy()
    }, END_MS)
    try {
      await this.pool.end()
    } finally {
      clearTimeout(cut)
    }
  }
}
