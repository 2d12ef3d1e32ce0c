import type { Context, MiddlewareHandler } from 'hono'
import { basicAuth } from 'hono/basic-auth'
import { bearerAuth } from 'hono/bearer-auth'
import { csrf } from 'hono/csrf'
import { HTTPException } from 'hono/http-exception'
import { timingSafeEqual } from 'hono/utils/buffer'
import { attempt, warn } from '../breaker/notice.ts'
import { keyProblem } from '../core/key.ts'
import type { AnyEnv } from '../http/unknown-env.ts'
import type { DashboardAuth, DashboardOptions, Secret } from './options.ts'
import { refuse } from './problem.ts'

const REALM = 'Circuit breakers'

/** Who sent a request, as far as whoever let it in knows. */
const actors = new WeakMap<Request, string>()

/** Lets in whom `auth` lets in; without it, nobody. */
export function gate(auth: DashboardAuth<AnyEnv> | undefined): MiddlewareHandler {
  if (auth === undefined) return closed
  if (typeof auth === 'function') return auth
  return 'token' in auth ? tokenGate(auth.token) : passwordGate(auth.username, auth.password)
}

const closed: MiddlewareHandler = async (c) => refuse(c, 'closed')

function passwordGate(username: Secret<AnyEnv>, password: Secret<AnyEnv>): MiddlewareHandler {
  const basic = basicAuth({
    realm: REALM,
    // Both are compared, whatever the first comparison says: the time that it takes tells nobody
    // which of them was wrong.
    verifyUser: async (user, pass, c) => {
      const [name, word] = await Promise.all([
        matches(username, user, c),
        matches(password, pass, c),
      ])
      return name && word
    },
    onAuthSuccess: (c, user) => void actors.set(c.req.raw, user),
  })
  return async (c, next) =>
    has(username, c) && has(password, c) ? orSignIn(c, () => basic(c, next)) : refuse(c, 'closed')
}

function tokenGate(token: Secret<AnyEnv>): MiddlewareHandler {
  const bearer = bearerAuth({
    realm: REALM,
    verifyToken: (given: string, c: Context) => matches(token, given, c),
  })
  const basic = basicAuth({
    realm: REALM,
    verifyUser: (_user, pass, c) => matches(token, pass, c),
    onAuthSuccess: (c, user) => void actors.set(c.req.raw, user),
  })
  return async (c, next) => {
    if (!has(token, c)) return refuse(c, 'closed')
    const isBearer = /^bearer /i.test(c.req.header('authorization') ?? '')
    if (isBearer) actors.set(c.req.raw, 'token')
    return orSignIn(c, () => (isBearer ? bearer(c, next) : basic(c, next)))
  }
}

/** Hono's refusal is a bare line of text; a browser shows it where the sign-in was cancelled. */
async function orSignIn(
  c: Context,
  enter: () => ReturnType<MiddlewareHandler>,
): ReturnType<MiddlewareHandler> {
  try {
    return await enter()
  } catch (error) {
    if (!(error instanceof HTTPException) || (error.status !== 401 && error.status !== 400))
      throw error
    c.header(
      'WWW-Authenticate',
      error.getResponse().headers.get('WWW-Authenticate') ?? `Basic realm="${REALM}"`,
    )
    return refuse(c, 'sign-in')
  }
}

/**
 * A secret that its function does not give, or gives as a promise, is missing: nobody is let in.
 */
const read = (secret: Secret<AnyEnv>, c: Context): string | undefined => {
  const text = typeof secret === 'function' ? attempt(warn, 'auth', () => secret(c)) : secret
  return typeof text === 'string' ? text : undefined
}
const has = (secret: Secret<AnyEnv>, c: Context): boolean => Boolean(read(secret, c))

async function matches(secret: Secret<AnyEnv>, given: string, c: Context): Promise<boolean> {
  const expected = read(secret, c)
  return Boolean(expected) && timingSafeEqual(expected!, given)
}

/** The name that goes into the audit log: what cannot stand there stands for nobody. */
export function actorOf(c: Context, actor: DashboardOptions<AnyEnv>['actor']): string {
  const name = actor ? attempt(warn, 'actor', () => actor(c)) : actors.get(c.req.raw)
  return name !== undefined && keyProblem(name) === undefined ? name : 'dashboard'
}

const forms = csrf()

/**
 * Actions come from pages of our own, or from programs. A browser says where a request comes from:
 * by `Sec-Fetch-Site`, which a page cannot forge, and where it does not send that, by `Origin`. A
 * form without either is refused by Hono's own check, behind ours; JSON from elsewhere needs a
 * preflight, which is never granted.
 */
export const sameOrigin: MiddlewareHandler = async (c, next) => {
  if (c.req.method === 'GET' || c.req.method === 'HEAD') return next()
  const site = c.req.header('sec-fetch-site')
  const origin = c.req.header('origin')
  const foreign =
    site === undefined
      ? origin !== undefined && origin !== new URL(c.req.url).origin
      : site !== 'same-origin'
  if (foreign) return refuse(c, 'cross-site')
  // No form can send it, and a program sends it without a body, which Hono's check takes for a
  // form.
  if (c.req.method === 'DELETE') return next()
  try {
    return await forms(c, next)
  } catch (error) {
    if (error instanceof HTTPException && error.status === 403) return refuse(c, 'cross-site')
    throw error
  }
}
