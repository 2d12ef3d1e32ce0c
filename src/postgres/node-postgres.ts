/**
 * Breakers in PostgreSQL over TCP, through `pg`: for servers. Not for Workers, where a socket belongs to one request.
 * @module
 */
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { checkedInteger } from '../core/checks.ts'
import { DrizzleStorage, type DrizzleStorageOptions } from './storage.ts'
import { checkedUrl } from './url.ts'

/** Options of {@link nodePostgresStorage}. */
export interface NodePostgresStorageOptions extends DrizzleStorageOptions {
  /** Connections at once, from 1, of the pool that is made for a URL. Default 10. */
  readonly max?: number
}

/** A {@link DrizzleStorage} that may own a pool. */
export class NodePostgresStorage extends DrizzleStorage implements AsyncDisposable {
  readonly #own: pg.Pool | undefined

  /** @internal */
  constructor(pool: pg.Pool, own: boolean, options: DrizzleStorageOptions) {
    super(drizzle({ client: pool }), options)
    this.#own = own ? pool : undefined
  }

  /** Ends the pool that was made for a URL; a pool that was given is its owner's. May be called more than once. */
  async close(): Promise<void> {
    if (this.#own && !this.#own.ending) await this.#own.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/**
 * Makes a storage. Nothing is connected before the first call, and idle connections do not keep the process alive.
 *
 * A connection that breaks while nobody waits for it would end the process: the pool gets a listener that lets it go. That is so
 * with a pool that is given, too.
 *
 * @param urlOrPool - `postgresql://user:password@host/database`, or a pool of `pg`
 * @throws {InvalidOptionError} where the URL is none, never showing the password
 * @example
 * ```ts
 * await using storage = nodePostgresStorage(process.env.DATABASE_URL)
 * const payments = new CircuitProtectorPolicy({ resourceKey: 'payments', storage })
 * ```
 */
export function nodePostgresStorage(
  urlOrPool: string | pg.Pool | undefined,
  options: NodePostgresStorageOptions = {},
): NodePostgresStorage {
  const { max = 10 } = options
  checkedInteger('max', max, 1)
  const given = typeof urlOrPool === 'object' && urlOrPool !== null ? urlOrPool : undefined
  const pool =
    given ??
    new pg.Pool({ connectionString: checkedUrl('url', urlOrPool), max, allowExitOnIdle: true })
  outlive(pool)
  return new NodePostgresStorage(pool, given === undefined, options)
}

const outlived = new WeakSet<pg.Pool>()
const ignore = () => {}

/** An idle connection's error goes to the pool, that of one lent out to the connection itself; without a listener either ends the process. */
function outlive(pool: pg.Pool): void {
  if (outlived.has(pool)) return
  outlived.add(pool)
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))
}
