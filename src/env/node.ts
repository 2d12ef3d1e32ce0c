/**
 * The storage that an environment names: `RC_DB_DSN`, or `RC_DATABASE_URL`, or `RC_DB_*`, or
 * `DATABASE_URL`.
 * @module
 */
import { tell, warn } from '../breaker/notice.ts'
import { namesIn } from '../postgres/statements/names.ts'
import { deferredStorage } from './deferred.ts'
import { type CreateStorageOptions, type EnvironmentStorage, storageOf } from './storage.ts'

export type { CreateStorageOptions, EnvironmentStorage }

/**
 * Makes the storage that the variables name, the first of: `RC_DB_DSN`, a connection string of
 * libpq in either of its forms; `RC_DATABASE_URL`; `RC_DB_HOST`, `RC_DB_PORT` (5432), `RC_DB_NAME`
 * (`resilient_circuit_db`), `RC_DB_USER` (`postgres`) and `RC_DB_PASSWORD`; `DATABASE_URL`. With
 * none of them, storage in memory and a notice; with `RC_DB_STRICT=1`, an error.
 *
 * `RC_DB_SSLMODE`, `RC_DB_SSLROOTCERT`, `RC_DB_SSLCERT` and `RC_DB_SSLKEY` mean what libpq means by
 * them, except that `allow` and `prefer` also insist on TLS. Beside `RC_DB_DSN`, or a URL that
 * speaks of TLS itself, they have no effect.
 *
 * `RC_DB_DRIVER` is `neon-http` or `node-postgres`; else Neon's hosts, runtimes without sockets and
 * an `RC_DB_FETCH_ENDPOINT` get the former, everything else the latter. `RC_NAMESPACE` is the
 * namespace of breakers that name none. Variables that are empty count as not set.
 *
 * @param env - any record: `process.env`, `Deno.env.toObject()`, a Worker's `env`
 * @throws {InvalidOptionError} naming the variable that is missing beside others, or not of its
 * form; never showing a password; or the option
 * @example
 * ```ts
 * const storage = createStorage(process.env)
 * ```
 */
export function createStorage(env: object, options: CreateStorageOptions = {}): EnvironmentStorage {
  return storageOf(
    env,
    options,
    hasSockets(),
    ({ driver, url, fetchEndpoint }, { schema, onNotice = warn }) => {
      namesIn(schema)
      const within = { schema, onNotice }
      const missing = (error: Error) =>
        tell(onNotice, { code: 'MISSING_PACKAGE', message: error.message, error })
      if (driver === 'neon-http') {
        const load = async () =>
          (await import('../postgres/neon.ts')).neonStorage(url, { fetchEndpoint, ...within })
        return deferredStorage(load, '@neondatabase/serverless drizzle-orm', missing)
      }
      const load = async () =>
        (await import('../postgres/node-postgres.ts')).nodePostgresStorage(url, within)
      return deferredStorage(load, 'pg drizzle-orm', missing)
    },
  )
}

/** A bundler that knows no condition for its edge runtime takes this file there. */
function hasSockets(): boolean {
  const { navigator, EdgeRuntime } = globalThis as {
    readonly navigator?: { readonly userAgent?: string }
    readonly EdgeRuntime?: unknown
  }
  return navigator?.userAgent !== 'Cloudflare-Workers' && EdgeRuntime === undefined
}
