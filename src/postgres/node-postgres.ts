/**
 * Breakers in PostgreSQL over TCP, through `pg`: for servers. Not for Workers, where a socket belongs to one request.
 * @module
 */
import type pg from 'pg'
import { checkedInteger, checkKnown } from '../core/checks.ts'
import { POSTGRES_OPTIONS, type PostgresStorageOptions } from './options.ts'
import { OwnPool } from './own-pool.ts'
import { outlive, overPool } from './pool.ts'
import { PostgresStorage } from './postgres-storage.ts'
import { checkedUrl } from './url.ts'

/** Options of {@link nodePostgresStorage}. */
export interface NodePostgresStorageOptions extends PostgresStorageOptions {
  /** Connections at once, from 1, of the pool that is made for a URL. Default 10. */
  readonly max?: number | undefined
}

/** A {@link PostgresStorage} that may own a pool. */
export class NodePostgresStorage extends PostgresStorage implements AsyncDisposable {
  readonly #own: OwnPool | undefined

  /** @internal */
  constructor(pool: pg.Pool | OwnPool, options: PostgresStorageOptions) {
    const own = pool instanceof OwnPool ? pool : undefined
    super(overPool(own?.pool ?? (pool as pg.Pool)), options)
    this.#own = own
  }

  /**
   * Ends the pool that was made for a URL; a pool that was given is its owner's. Statements under way
   * may end, for at most two seconds; then their connections are cut. May be called more than once.
   */
  async close(): Promise<void> {
    await this.#own?.end()
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
  checkKnown(options, { ...POSTGRES_OPTIONS, max: 1 })
  const { max = 10 } = options
  checkedInteger('max', max, 1)
  if (isPool(urlOrPool)) {
    outlive(urlOrPool)
    return new NodePostgresStorage(urlOrPool, options)
  }
  return new NodePostgresStorage(new OwnPool(checkedUrl('url', urlOrPool), max), options)
}

function isPool(value: unknown): value is pg.Pool {
  const { connect, on } = Object(value) as { readonly connect?: unknown; readonly on?: unknown }
  return typeof connect === 'function' && typeof on === 'function'
}
