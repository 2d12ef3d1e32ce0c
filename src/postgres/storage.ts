import { checkKnown } from '../core/checks.ts'
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
   * @throws {InvalidOptionError} where `schema` is no plain name
   */
  constructor(db: DrizzleDatabase, options: DrizzleStorageOptions = {}) {
    checkKnown(options, POSTGRES_OPTIONS)
    super(overDrizzle(db), options)
  }
}
