import { type Context, Hono } from 'hono'
import { basePath } from 'hono/route'
import { InvalidOptionError } from '../core/errors.ts'
import { ask, give, readAnswer, remove } from './ask.ts'
import { DONE, isCommandName, parseCommand } from './command.ts'
import type { Dashboard } from './options.ts'
import { refuse } from './problem.ts'
import { filterOf, idOf, queryOf } from './query.ts'
import { breakerView, RANGES, type Range } from './view/breaker.ts'
import { page } from './view/layout.ts'
import { listView } from './view/list.ts'
import { breakerUrl, listUrl } from './view/urls.ts'

/** How many changes a timeline draws, and how many lines a page of the audit log has. */
const DRAWN = 500
const LINES = 50

/** The pages, and the forms in them. */
export function pages(dashboard: Dashboard): Hono {
  const base = (c: Context) => dashboard.basePath ?? basePath(c).replace(/\/$/, '')
  const { pageSize, refreshMs } = dashboard
  return new Hono()
    .get('/', async (c) => {
      const filter = filterOf(c)
      const found = await ask(c, dashboard, (storage, options) =>
        storage.list({ ...queryOf(filter), limit: pageSize, summary: true }, options),
      )
      return page(c, { title: 'All', body: listView(base(c), filter, found), refreshMs })
    })
    .get('/breaker', async (c) => {
      const id = idOf(c.req.query('key'), c.req.query('namespace'))
      const [range, after, done] = [
        rangeOf(c.req.query('range')),
        c.req.query('after'),
        c.req.query('done'),
      ]
      const [answer, recent, lines] = await ask(c, dashboard, (storage, options) =>
        Promise.all([
          readAnswer(id, storage, options),
          storage.history({ ...id, newerThanMs: RANGES[range].ms, limit: DRAWN }, options),
          storage.history({ ...id, limit: LINES, ...(after !== undefined && { after }) }, options),
        ]),
      )
      if (answer === null) return refuse(c, 'not-found')
      const body = breakerView(base(c), {
        ...answer,
        recent,
        lines,
        range,
        after,
        done: isCommandName(done) ? DONE[done] : undefined,
      })
      return page(c, { title: id.resourceKey, body, refreshMs })
    })
    .post('/breaker', async (c) => {
      const id = idOf(c.req.query('key'), c.req.query('namespace'))
      const command = parseCommand(await c.req.parseBody())
      await give(c, dashboard, id, command)
      // The answer is another page to get: loading it again gives no order again.
      return c.redirect(breakerUrl(base(c), id, { done: command.command }), 303)
    })
    .post('/remove', async (c) => {
      const id = idOf(c.req.query('key'), c.req.query('namespace'))
      const { reason, confirm } = await c.req.parseBody()
      if (confirm !== 'yes') throw new InvalidOptionError('confirm', 'yes', confirm)
      const text = typeof reason === 'string' ? reason : undefined
      if (!(await remove(c, dashboard, id, text))) return refuse(c, 'not-found')
      return c.redirect(listUrl(base(c)), 303)
    })
    .get('/*', async (c, next) => (isBare(c) ? c.redirect(listUrl(base(c)), 308) : next()))
}

/** The mount point with a slash behind it. */
const isBare = (c: Context): boolean => c.req.path === `${basePath(c).replace(/\/$/, '')}/`

const rangeOf = (text: string | undefined): Range =>
  text !== undefined && Object.hasOwn(RANGES, text) ? (text as Range) : '24h'
