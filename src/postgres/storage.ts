import { checkKnown } from '../core/checks.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { type DrizzleDatabase, overDrizzle } from './drizzle-database.ts'
import { POSTGRES_OPTIONS, type PostgresStorageOptions } from './options.ts'
import { PostgresStorage } from './postgres-storage.ts'

/** Options of {@link DrizzleStorage}. */
export interface DrizzleStorageOptions extends PostgresStorageOptions {}

/**
 * Breakers in PostgreSQL 14 or newer, through any Drizzle database: see {@link PostgresStorage}.
 *
 * @example
 * ```ts
 * const storage = new DrizzleStorage(drizzle({ client: pool }))
 * ```
 */
export class DrizzleStorage extends PostgresStorage {
  /**
   * @param db - a Drizzle database of any PostgreSQL driver
   * @throws {InvalidOptionError} where `db` is no Drizzle database, or `schema` no plain name
   */
  constructor(db: DrizzleDatabase, options: DrizzleStorageOptions = {}) {
    checkKnown(options, POSTGRES_OPTIONS)
    if (typeof db?.execute !== 'function')
      throw new InvalidOptionError('db', 'a Drizzle database', db)
    super(overDrizzle(db), options)
  }
}
