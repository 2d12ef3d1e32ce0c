import type { Context } from 'hono'
import { html } from 'hono/html'
import { basePath } from 'hono/route'
import { isOwnError } from '../core/errors.ts'
import { page } from './view/layout.ts'

type Status = 400 | 401 | 403 | 404 | 503

interface Problem {
  readonly status: Status
  readonly title: string
  readonly detail: string
}

type Kind = 'closed' | 'sign-in' | 'cross-site' | 'not-found' | 'unavailable'

const PROBLEMS: Readonly<Record<Kind, Problem>> = {
  closed: {
    status: 403,
    title: 'This dashboard is closed',
    detail:
      'Nobody may come in until the application says who may: it gives circuitDashboard the option auth.',
  },
  'sign-in': {
    status: 401,
    title: 'Please sign in',
    detail: 'The name, password or token is missing or wrong.',
  },
  'cross-site': {
    status: 403,
    title: 'This came from somewhere else',
    detail: 'Actions are taken only from the pages of this dashboard. Nothing was changed.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing here',
    detail: 'No breaker has reported under this key.',
  },
  unavailable: {
    status: 503,
    title: 'The storage does not answer',
    detail:
      'What the breakers are doing cannot be seen right now. Protected calls go on: each instance decides by what it last knew.',
  },
}

/**
 * What an operator can do about a storage's error, by its stable code: its message may hold what no
 * visitor should read.
 */
const ADVICE: Readonly<Record<string, string>> = {
  SCHEMA_MISSING: 'The tables are missing or of another version: run resilient-circuit pg-setup.',
  STORAGE_BUSY: 'The database was busy with these rows. Try again.',
  DATABASE_MISSING: 'The database of the connection URL does not exist.',
  ACCESS_DENIED: 'The database refused the user or the password of the connection URL.',
  NOT_WRITTEN:
    'A trigger, a rule or a row-level security policy of the tables undid what was written. Nothing was changed.',
  BAD_DATA:
    'The database refuses this key or a value beside it, because of a constraint on the tables or its encoding.',
  NOT_ALLOWED:
    'The database role lacks a privilege on the tables, or may only read. resilient-circuit doctor says which.',
}

/** Is this a request of a program? */
export function isApi(c: Context): boolean {
  return c.req.path.slice(basePath(c).replace(/\/$/, '').length).startsWith('/api/')
}

export function refuse(c: Context, kind: Kind): Response | Promise<Response> {
  return answer(c, PROBLEMS[kind])
}

export function badRequest(c: Context, detail: string): Response | Promise<Response> {
  return answer(c, { status: 400, title: 'That does not fit', detail })
}

export function unavailable(c: Context, error: unknown): Response | Promise<Response> {
  const advice = isOwnError(error) ? ADVICE[error.code] : undefined
  c.header('Retry-After', '5')
  return answer(c, { ...PROBLEMS.unavailable, ...(advice !== undefined && { detail: advice }) })
}

function answer(c: Context, { status, title, detail }: Problem): Response | Promise<Response> {
  if (isApi(c)) {
    return c.body(JSON.stringify({ type: 'about:blank', title, status, detail }), status, {
      'Content-Type': 'application/problem+json',
    })
  }
  const body = html`<main class="problem"><p class="code">${status}</p><h1>${title}</h1><p>${detail}</p>
    <p><a href="">Try again</a></p></main>`
  return page(c, { title, body, status })
}
