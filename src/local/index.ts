/**
 * Neon's SQL-over-HTTP endpoint for development and tests: Neon's driver cannot tell it from the
 * real one. Node only.
 * @module
 */
import { checkedInteger, checkKnown } from '../core/checks.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { migrate } from '../postgres/migrate.ts'
import { accessOf } from './access.ts'
import { type Backend, backendOver } from './backend.ts'
import { reply } from './endpoint.ts'
import { LocalNeonError } from './errors.ts'
import { pgSessions } from './pg-sessions.ts'
import { pgliteSessions } from './pglite-sessions.ts'
import { listen } from './server.ts'

export { LocalNeonError }

/** Options of {@link startLocalNeon}. */
export interface LocalNeonOptions {
  /**
   * A PostgreSQL to serve, `postgres://user:password@host:port/database`; needs the package `pg`.
   * Default: an embedded one, which needs the package `@electric-sql/pglite`.
   */
  readonly databaseUrl?: string | undefined
  /**
   * The folder where the embedded PostgreSQL keeps its data. Default: it lives in memory and ends
   * with {@link LocalNeon.close}.
   */
  readonly dataDir?: string | undefined
  /** 0 to 65535. Default 0: any free port. */
  readonly port?: number | undefined
  /**
   * The address to listen on. Default `127.0.0.1`: whoever reaches the endpoint and knows its URL
   * can do anything to the database.
   */
  readonly host?: string | undefined
  /** Creates the breakers' tables and functions, or brings them up to date. Default true. */
  readonly migrate?: boolean | undefined
}

/** A running endpoint. */
export interface LocalNeon extends AsyncDisposable {
  /**
   * What to give to Neon's driver: of a given PostgreSQL its own URL, else one that names this
   * endpoint's host and port.
   */
  readonly databaseUrl: string
  /** What to give to Neon's driver as `neonConfig.fetchEndpoint`: `http://host:port/sql`. */
  readonly fetchEndpoint: string
  /**
   * Stops listening, cancels what still runs, and closes the database. May be called more than
   * once.
   */
  close(): Promise<void>
}

/**
 * Starts an endpoint that speaks Neon's protocol: single statements, and batches as one
 * transaction, with Neon's headers, limits and errors. Clients must show the user, the password and
 * the database of `databaseUrl`, as they must at Neon.
 *
 * The embedded PostgreSQL has one session: requests wait for each other, and a running statement
 * cannot be cancelled.
 *
 * @throws {InvalidOptionError} where an option is out of its range
 * @throws {LocalNeonError} `MISSING_PACKAGE` or `DATABASE_UNREACHABLE`
 * @throws the system's error, `EADDRINUSE` for one, where it cannot listen
 * @example
 * ```ts
 * await using db = await startLocalNeon()
 * neonConfig.fetchEndpoint = db.fetchEndpoint
 * const sql = neon(db.databaseUrl)
 * await sql`select 1`
 * ```
 */
export async function startLocalNeon(options: LocalNeonOptions = {}): Promise<LocalNeon> {
  checkKnown(options, { databaseUrl: 1, dataDir: 1, port: 1, host: 1, migrate: 1 })
  const { databaseUrl, dataDir, port = 0, host = '127.0.0.1' } = options
  checkedInteger('port', port, 0, 65_535)
  if (typeof host !== 'string' || host === '')
    throw new InvalidOptionError('host', 'a name or an address', host)
  if (databaseUrl !== undefined && dataDir !== undefined) {
    throw new InvalidOptionError('dataDir', 'left out where databaseUrl is given', dataDir)
  }
  const given =
    databaseUrl === undefined ? undefined : { databaseUrl, access: accessOf(databaseUrl) }

  const backend = backendOver(
    given ? await pgSessions(given.databaseUrl) : await pgliteSessions(dataDir),
  )
  try {
    if (given) await reach(backend, given.databaseUrl)
    if (options.migrate ?? true) await migrate(backend)
    const embedded = { user: 'postgres', password: 'local', database: 'postgres' }
    const access = given?.access ?? embedded
    const listener = await listen(port, host, (request, signal) =>
      reply(request, backend, access, signal),
    )
    const authority = `${reachable(host)}:${listener.port}`
    let closed: Promise<void> | undefined
    const close = () => {
      closed ??= listener.close().then(() => backend.close())
      return closed
    }
    return {
      databaseUrl:
        given?.databaseUrl ??
        `postgres://${embedded.user}:${embedded.password}@${authority}/${embedded.database}`,
      fetchEndpoint: `http://${authority}/sql`,
      close,
      [Symbol.asyncDispose]: close,
    }
  } catch (error) {
    await backend.close()
    throw error
  }
}

async function reach(backend: Backend, databaseUrl: string): Promise<void> {
  try {
    await backend.exec('select 1')
  } catch (cause) {
    const { host } = new URL(databaseUrl)
    throw new LocalNeonError(
      'DATABASE_UNREACHABLE',
      `PostgreSQL at ${host} cannot be used: ${reason(cause)}`,
      { cause },
    )
  }
}

/**
 * Where a name has several addresses, the error of a refused connection has a code and no message.
 */
function reason(error: unknown): string {
  const { message, code } = error as { readonly message?: string; readonly code?: string }
  return message || code || 'no reason given'
}

/** The wildcard addresses can be listened on, but not always called. */
function reachable(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
