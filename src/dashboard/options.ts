import type { Context, Env, MiddlewareHandler } from 'hono'
import { checkedInteger, checkFunctions, checkKnown, type Names } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError, isOwnError } from '../core/errors.ts'
import type { CircuitStorage } from '../fleet/port.ts'
import { checkSource, type StorageSource } from '../http/storage-source.ts'
import type { AnyEnv, UnknownEnv } from '../http/unknown-env.ts'

/**
 * A text, or where a request has it, such as `(c) => c.env.DASHBOARD_PASSWORD`. Where it is missing
 * or empty, nobody is let in.
 */
export type Secret<E extends Env = UnknownEnv> = string | ((c: Context<E>) => string | undefined)

/**
 * Who may come in. A user name and a password, by HTTP Basic. A token, as `Authorization: Bearer`
 * from programs; browsers ask for a name and a password, and the token is the password: the name
 * goes into the audit log. Or a Hono middleware of your own, which answers the request itself where
 * it lets nobody in; say with `actor` who it was.
 */
export type DashboardAuth<E extends Env = UnknownEnv> =
  | { readonly username: Secret<E>; readonly password: Secret<E> }
  | { readonly token: Secret<E> }
  | MiddlewareHandler

/**
 * Options of {@link circuitDashboard}. `E` is the environment of the app that it is mounted in, as
 * in `new Hono<E>()`: with it the compiler knows `c.env`.
 */
export interface DashboardOptions<E extends Env = UnknownEnv> {
  /**
   * A storage; a function that makes one from a request, called once per isolate; or `{ key, create
   * }` where there are several databases.
   */
  readonly storage: StorageSource<Context<E>, CircuitStorage>
  /** Default: nobody may come in, and the dashboard says so. */
  readonly auth?: DashboardAuth<E> | undefined
  /**
   * Whose name is written beside an action, 1 to 255 characters. Default: the user name of the
   * request, `token` for a bearer token, `dashboard` behind a middleware.
   */
  readonly actor?: ((c: Context<E>) => string | undefined) | undefined
  /** How often an open page updates itself, 1 s to 1 h; null: never. Default `'5s'`. */
  readonly refresh?: Duration | null | undefined
  /** How many breakers a page lists, 1 to 500. Default 100. */
  readonly pageSize?: number | undefined
  /** How long a page waits for the storage, 100 ms to 60 s. Default `'10s'`. */
  readonly storageTimeout?: Duration | undefined
  /**
   * Where browsers find the dashboard, if a proxy in front changes the path: `/ops/circuits`.
   * Default: where it is mounted.
   */
  readonly basePath?: string | undefined
  /**
   * Told of what the storage failed with. It may hold secrets: visitors never see it. Default: its
   * code, on the console.
   */
  readonly onError?: ((error: unknown, c: Context<E>) => void) | undefined
}

/** What the parts of the dashboard work with. */
export interface Dashboard {
  readonly storage: StorageSource<Context, CircuitStorage>
  readonly auth: DashboardAuth<AnyEnv> | undefined
  readonly actor: DashboardOptions<AnyEnv>['actor']
  readonly refreshMs: number | null
  readonly pageSize: number
  readonly storageTimeoutMs: number
  readonly basePath: string | undefined
  readonly onError: (error: unknown, c: Context) => void
}

const KNOWN: Names<DashboardOptions> = {
  storage: 1,
  auth: 1,
  actor: 1,
  refresh: 1,
  pageSize: 1,
  storageTimeout: 1,
  basePath: 1,
  onError: 1,
}

/** @throws {InvalidOptionError} naming the option, its range and the value */
export function resolve<E extends Env>(options: DashboardOptions<E>): Dashboard {
  checkKnown(options, KNOWN)
  checkSource(options.storage)
  if (options.auth !== undefined) checkAuth(options.auth)
  checkFunctions(options, ['actor', 'onError'])
  const { pageSize = 100, refresh = '5s', basePath } = options
  checkedInteger('pageSize', pageSize, 1, 500)
  if (basePath !== undefined && !/^\/([^\s?#]*[^\s?#/])?$/.test(basePath))
    throw new InvalidOptionError('basePath', 'a path such as /ops/circuits', basePath)
  return {
    storage: options.storage,
    auth: options.auth,
    actor: options.actor,
    refreshMs:
      refresh === null ? null : toMilliseconds('refresh', refresh, { min: 1_000, max: 3_600_000 }),
    pageSize,
    storageTimeoutMs: toMilliseconds('storageTimeout', options.storageTimeout ?? '10s', {
      min: 100,
      max: 60_000,
    }),
    basePath: basePath === '/' ? '' : basePath,
    onError: options.onError ?? logCode,
  }
}

/**
 * A variable of the environment that is not set must not open the door: what is given must be
 * there.
 */
function checkAuth(auth: DashboardAuth<AnyEnv>): void {
  if (typeof auth === 'function') return
  const given: Record<string, unknown> =
    typeof auth !== 'object' || auth === null
      ? {}
      : 'token' in auth
        ? { 'auth.token': auth.token }
        : { 'auth.username': auth.username, 'auth.password': auth.password }
  if (Object.keys(given).length === 0)
    throw new InvalidOptionError(
      'auth',
      '{ username, password }, { token } or a Hono middleware',
      auth,
    )
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'function' || (typeof value === 'string' && value !== '')) continue
    throw new InvalidOptionError(
      name,
      'a text of at least one character, or a function of the request',
      value,
    )
  }
}

function logCode(error: unknown): void {
  const code = isOwnError(error) ? error.code : 'UNKNOWN'
  globalThis.console?.error(`resilient-circuit: the dashboard's storage failed (${code})`)
}
