/**
 * Breakers in Neon's Postgres over HTTP: for Workers and every other runtime that has `fetch`.
 * @module
 */
import { neon, neonConfig } from '@neondatabase/serverless'
import { drizzle } from 'drizzle-orm/neon-http'
import { checkedEndpoint } from './endpoint.ts'
import { DrizzleStorage, type DrizzleStorageOptions } from './storage.ts'
import { checkedUrl } from './url.ts'

/** Options of {@link neonStorage}. */
export interface NeonStorageOptions extends DrizzleStorageOptions {
  /** Where to send the requests, such as `http://127.0.0.1:4444/sql` for a local endpoint. Default: Neon's own, by the host of the URL. */
  readonly fetchEndpoint?: string | undefined
}

/**
 * Makes a storage. It does no I/O and starts no timer before its first call, so it may stand at a Worker's module scope.
 *
 * @param url - `postgresql://user:password@host/database`
 * @throws {InvalidOptionError} where the URL is none or missing, never showing the password
 * @example
 * ```ts
 * const storage = neonStorage(env.DATABASE_URL)
 * ```
 */
export function neonStorage(
  url: string | undefined,
  options: NeonStorageOptions = {},
): DrizzleStorage {
  const connection = checkedUrl('url', url)
  const { fetchEndpoint } = options
  if (fetchEndpoint === undefined)
    return new DrizzleStorage(drizzle({ client: neon(connection) }), options)
  const fetchOptions = { [ENDPOINT]: checkedEndpoint(fetchEndpoint) }
  listenToEndpoints()
  return new DrizzleStorage(drizzle({ client: neon(connection, { fetchOptions }) }), options)
}

type Fetch = (url: string, init: Record<PropertyKey, unknown>) => Promise<Response>

const ENDPOINT = Symbol('fetchEndpoint')
let installed: Fetch | undefined

/**
 * The driver knows one endpoint for all its clients; an endpoint for one of them travels in that client's options for `fetch`.
 * A request without one goes where it went before.
 */
function listenToEndpoints(): void {
  const before: Fetch | undefined = neonConfig.fetchFunction
  if (installed !== undefined && before === installed) return
  installed = (url, init) =>
    (before ?? (fetch as Fetch))((init[ENDPOINT] as string | undefined) ?? url, init)
  neonConfig.fetchFunction = installed
}
