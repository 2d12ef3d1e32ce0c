/**
 * Breakers in Neon's Postgres over HTTP, as `resilient-circuit/neon` has them, by `fetch` alone: for bundles that cannot afford Neon's
 * driver, which is several times as large as all the rest.
 * @module
 */
import { checkKnown } from '../core/checks.ts'
import { neonAddress } from './endpoint.ts'
import type { NeonStorageOptions } from './neon.ts'
import { overNeonHttp } from './neon-http.ts'
import { POSTGRES_OPTIONS } from './options.ts'
import { PostgresStorage } from './postgres-storage.ts'

export type { NeonStorageOptions }

/**
 * Makes a storage. It does no I/O and starts no timer before its first call, so it may stand at a Worker's module scope.
 *
 * What one configures in `neonConfig` of `@neondatabase/serverless` has no effect here.
 *
 * @param url - `postgresql://user:password@host/database`
 * @throws {InvalidOptionError} where the URL is none or missing, never showing the password; where its host cannot be one of Neon's
 *   and no endpoint is named; where the endpoint is none
 * @example
 * ```ts
 * const storage = neonStorage(env.DATABASE_URL)
 * ```
 */
export function neonStorage(
  url: string | undefined,
  options: NeonStorageOptions = {},
): PostgresStorage {
  checkKnown(options, { ...POSTGRES_OPTIONS, fetchEndpoint: 1 })
  const { connection, endpoint = neonsOwn(connection) } = neonAddress(url, options.fetchEndpoint)
  return new PostgresStorage(overNeonHttp(connection, endpoint), options)
}

/** Of `ep-cool-name.eu-central-1.aws.neon.tech` it is `api.eu-central-1.aws.neon.tech`. */
function neonsOwn(connection: string): string {
  return `https://${new URL(connection).hostname.replace(/^[^.]+\./, 'api.')}/sql`
}
