/**
 * Breakers in Neon's Postgres over HTTP: for Workers and every other runtime that has `fetch`.
 * @module
 */
import { neon, neonConfig } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/neon-http'
import { checkKnown } from '../core/checks.ts'
import type { Database } from './database.ts'
import { type DrizzleDatabase, overDrizzle } from './drizzle-database.ts'
import { neonAddress } from './endpoint.ts'
import { askSql, type Fetch, type SqlRequest } from './http.ts'
import { POSTGRES_OPTIONS, type PostgresStorageOptions } from './options.ts'
import { PostgresStorage } from './postgres-storage.ts'

/** Options of {@link neonStorage}. */
export interface NeonStorageOptions extends PostgresStorageOptions {
  /**
   * Where to send the requests, such as `http://127.0.0.1:4444/sql` for a local endpoint. Default: the URL's own parameter
   * `fetch_endpoint`, else the process's variable `RC_DB_FETCH_ENDPOINT`, else Neon's own, by the host of the URL.
   */
  readonly fetchEndpoint?: string | undefined
}

/**
 * Makes a storage. It does no I/O and starts no timer before its first call, so it may stand at a Worker's module scope.
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
  const { connection, endpoint } = neonAddress(url, options.fetchEndpoint, driverKnows)
  return new PostgresStorage(overNeon(connection, endpoint), options)
}

/** Did somebody tell the driver of an endpoint? By itself it asks 127.0.0.1 at `api.0.0.1`. */
function driverKnows(host: string): boolean {
  const { fetchEndpoint } = neonConfig
  const itsOwn = `https://${host.replace(/^[^.]+\./, 'api.')}/sql`
  return typeof fetchEndpoint === 'string' || fetchEndpoint(host, '') !== itsOwn
}

/** Neon's driver takes a signal with its other options for `fetch`, when a client is made: each call has one of its own. */
function overNeon(connection: string, endpoint: string | undefined): Database {
  return {
    run(statements, signal) {
      standBeforeFetch()
      const fetchOptions = { [OURS]: { endpoint }, ...(signal && { signal }) }
      const client = neon(connection, { fetchOptions })
      return overDrizzle(drizzle({ client }) as DrizzleDatabase).run(statements, signal)
    },
  }
}

const OURS = Symbol('resilient-circuit')
let installed: Fetch | undefined

/**
 * The driver knows one endpoint and one `fetch` for all its clients. Ours are known by what travels
 * in their options for `fetch`; the request of any other client goes where it went before.
 */
function standBeforeFetch(): void {
  const before: Fetch | undefined = neonConfig.fetchFunction
  if (installed !== undefined && before === installed) return
  installed = async (url, init) => {
    const go = before ?? (fetch as Fetch)
    const ours = init[OURS] as { readonly endpoint: string | undefined } | undefined
    if (ours === undefined) return go(url, init)
    const { [OURS]: _, ...rest }: SqlRequest = init
    const { text, refused } = await askSql(go, ours.endpoint ?? url, rest)
    return new Response(text, { status: refused ? 400 : 200 })
  }
  neonConfig.fetchFunction = installed
}
