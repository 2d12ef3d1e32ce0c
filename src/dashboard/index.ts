/**
 * A page that shows and steers every breaker of a storage, and a JSON API beside it: a Hono app, to
 * be mounted in any other.
 * @module
 */
import { type Context, type Env, Hono, type MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { started, warn } from '../breaker/notice.ts'
import { isOwnError } from '../core/errors.ts'
import type { UnknownEnv } from '../http/unknown-env.ts'
import { api, type DashboardApp } from './api.ts'
import { StorageFailure } from './ask.ts'
import { gate, sameOrigin } from './auth.ts'
import { type DashboardOptions, resolve } from './options.ts'
import { pages } from './pages.ts'
import { badRequest, unavailable } from './problem.ts'

export type { Reading } from '../core/reading.ts'
export type { StorageSource } from '../http/storage-source.ts'
export type { UnknownEnv } from '../http/unknown-env.ts'
export type {
  DashboardApp,
  DashboardBreaker,
  DashboardBreakers,
  DashboardSchema,
  Removed,
} from './api.ts'
export type { CommandName, DashboardCommand } from './command.ts'
export type { DashboardAuth, DashboardOptions, Secret } from './options.ts'

/**
 * Makes the dashboard. Without `auth` it lets nobody in.
 *
 * @throws {InvalidOptionError} naming the option, its range and the value; also where a user name,
 * password or token is missing
 * @example
 * ```ts
 * app.route('/circuits', circuitDashboard<Environment>({
 *   storage: (c) => neonStorage(c.env.DATABASE_URL),
 *   auth: { username: 'ops', password: (c) => c.env.DASHBOARD_PASSWORD },
 * }))
 * ```
 */
export function circuitDashboard<E extends Env = UnknownEnv>(
  options: DashboardOptions<E>,
): DashboardApp {
  const dashboard = resolve(options)
  const app = new Hono()
  app.use('*', guarded, gate(dashboard.auth), sameOrigin)
  app.route('/', api(dashboard))
  app.route('/', pages(dashboard))
  app.onError((error, c) => {
    if (error instanceof StorageFailure) {
      started(warn, 'onError', () => dashboard.onError(error.cause, c))
      return unavailable(c, error.cause)
    }
    if (isOwnError(error, 'INVALID_OPTION')) return badRequest(c, error.message)
    if (error instanceof HTTPException) return error.getResponse()
    throw error
  })
  // The schema is written out by hand: a package's types must not depend on what a compiler infers.
  return app as unknown as DashboardApp
}

/**
 * On whatever leaves here. `same-origin` and not `no-referrer`: without a referrer a form's Origin
 * is "null".
 */
const guarded: MiddlewareHandler = async (c: Context, next) => {
  c.header('Cache-Control', 'no-store')
  c.header('Referrer-Policy', 'same-origin')
  c.header('X-Content-Type-Options', 'nosniff')
  c.header('Cross-Origin-Resource-Policy', 'same-origin')
  c.header('X-Robots-Tag', 'noindex')
  await next()
}
