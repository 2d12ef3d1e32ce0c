import { type Context, Hono } from 'hono'
import type { BlankEnv } from 'hono/types'
import { toMilliseconds } from '../core/duration.ts'
import type { Transition } from '../core/event.ts'
import { type ReadSnapshot, withReading } from '../core/reading.ts'
import type { BreakerId, BreakerPage, BreakerSummary, Page } from '../fleet/admin.ts'
import { ask, give, read, remove } from './ask.ts'
import { type DashboardCommand, parseCommand } from './command.ts'
import type { Dashboard } from './options.ts'
import { refuse } from './problem.ts'
import { filterOf, idOf, limitOf, queryOf } from './query.ts'

/** A breaker as the API tells of it: what the storage said, and what can be read out of it. */
export type DashboardBreaker = ReadSnapshot

/** Breakers, worst first. */
export interface DashboardBreakers extends Page<DashboardBreaker> {
  readonly summary?: BreakerSummary | undefined
}

/** What was removed. Its audit log stays. */
export interface Removed extends BreakerId {
  readonly removed: true
}

type Endpoint<Input, Output> = { input: Input; output: Output; outputFormat: 'json'; status: 200 }
type Breaker = { query: { key: string; namespace: string } }
type BreakerInPath = { param: { namespace: string; key: string } }

/** The routes of the JSON API, for Hono's client. */
export type DashboardSchema = {
  '/api/breakers': {
    $get: Endpoint<
      {
        query: {
          search?: string | undefined
          namespace?: string | undefined
          status?: string | undefined
          limit?: string | undefined
          after?: string | undefined
          summary?: string | undefined
        }
      },
      DashboardBreakers
    >
  }
  '/api/breaker': {
    $get: Endpoint<Breaker, DashboardBreaker>
    $post: Endpoint<Breaker & { json: DashboardCommand }, DashboardBreaker>
    $delete: Endpoint<
      { query: { key: string; namespace: string; reason?: string | undefined } },
      Removed
    >
  }
  /** The same by path. A key or namespace that is `.` or `..` has no path: clients remove it. */
  '/api/breakers/:namespace/:key{.+}': {
    $get: Endpoint<BreakerInPath, DashboardBreaker>
    $post: Endpoint<BreakerInPath & { json: DashboardCommand }, DashboardBreaker>
    $delete: Endpoint<BreakerInPath & { query: { reason?: string | undefined } }, Removed>
  }
  '/api/history': {
    $get: Endpoint<
      {
        query: {
          key?: string | undefined
          namespace?: string | undefined
          newerThan?: string | undefined
          limit?: string | undefined
          after?: string | undefined
        }
      },
      Page<Transition>
    >
  }
}

/** What {@link circuitDashboard} returns: mount it, or give its type to `hc`. */
export type DashboardApp = Hono<BlankEnv, DashboardSchema, '/'>

const YEARS_MS = 36_525 * 86_400_000

/** `.` would not match a line break. */
const PATH = '/api/breakers/:namespace/:key{[^]+}'

export function api(dashboard: Dashboard): Hono {
  const one = async (c: Context, id: BreakerId) => {
    const snapshot = await ask(c, dashboard, (storage, options) => read(id, storage, options))
    return snapshot === null
      ? refuse(c, 'not-found')
      : c.json<DashboardBreaker>(withReading(snapshot))
  }
  const steer = async (c: Context, id: BreakerId) => {
    const command = parseCommand(await c.req.json().catch(() => null))
    return c.json<DashboardBreaker>(withReading(await give(c, dashboard, id, command)))
  }
  const drop = async (c: Context, id: BreakerId) =>
    (await remove(c, dashboard, id, c.req.query('reason')))
      ? c.json<Removed>({ ...id, removed: true })
      : refuse(c, 'not-found')
  return new Hono()
    .get('/api/breakers', async (c) => {
      const query = {
        ...queryOf(filterOf(c)),
        ...limitOf(c),
        summary: c.req.query('summary') === 'true',
      }
      const page: BreakerPage = await ask(c, dashboard, (storage, options) =>
        storage.list(query, options),
      )
      return c.json<DashboardBreakers>({ ...page, items: page.items.map(withReading) })
    })
    .get('/api/breaker', (c) => one(c, idOf(c.req.query('key'), c.req.query('namespace'))))
    .post('/api/breaker', (c) => steer(c, idOf(c.req.query('key'), c.req.query('namespace'))))
    .delete('/api/breaker', (c) => drop(c, idOf(c.req.query('key'), c.req.query('namespace'))))
    .get(PATH, (c) => one(c, idOf(c.req.param('key'), c.req.param('namespace'))))
    .post(PATH, (c) => steer(c, idOf(c.req.param('key'), c.req.param('namespace'))))
    .delete(PATH, (c) => drop(c, idOf(c.req.param('key'), c.req.param('namespace'))))
    .get('/api/history', async (c) => {
      const { key, namespace, newerThan, after } = c.req.query()
      const query = {
        ...limitOf(c),
        ...(key && { resourceKey: key }),
        ...(namespace && { namespace }),
        ...(newerThan && {
          newerThanMs: toMilliseconds('newerThan', newerThan, { min: 0, max: YEARS_MS }),
        }),
        ...(after && { after }),
      }
      return c.json<Page<Transition>>(
        await ask(c, dashboard, (storage, options) => storage.history(query, options)),
      )
    })
    .all('/api/*', (c) => refuse(c, 'not-found'))
}
