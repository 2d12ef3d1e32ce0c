import { type Bundle, bundle } from '../../test/packaging/bundle.ts'

export const BASELINE = 'Hono alone'
export const EMPTY = 'Hono, a middleware that does nothing'
export const NEON_FETCH = 'breaker over neon-fetch'
export const DRIZZLE = 'Drizzle and Neon, no breaker'
export const NEON = "breaker over Neon's driver"

/** `/` is behind no breaker, `/pay` is, where there is one. */
const alone = `
  import { Hono } from 'hono'
  const app = new Hono()
  app.get('/', (c) => c.text('ok'))
  app.get('/pay', (c) => c.text('paid'))
  export default app`

const withMiddleware = `
  import { Hono } from 'hono'
  const app = new Hono()
  app.use('/pay', async (_, next) => {
    await next()
  })
  app.get('/pay', (c) => c.text('paid'))
  export default app`

/** For who uses the database anyway. */
const withDatabase = `
  import { Hono } from 'hono'
  import { neon } from '@neondatabase/serverless'
  import { drizzle } from 'drizzle-orm/neon-http'
  import { sql } from 'drizzle-orm'
  const app = new Hono()
  app.get('/', (c) => c.text('ok'))
  app.get('/pay', async (c) => c.json(await drizzle({ client: neon(c.env.DATABASE_URL) }).execute(sql\`select 1\`)))
  export default app`

const withBreaker = (entry: 'neon' | 'neon-fetch') => `
  import { Hono } from 'hono'
  import { fraction } from 'resilient-circuit'
  import { circuitBreaker } from 'resilient-circuit/hono'
  import { neonStorage } from 'resilient-circuit/${entry}'
  const app = new Hono()
  app.get('/', (c) => c.text('ok'))
  app.use('/pay', circuitBreaker({
    resourceKey: 'payment_service',
    storage: (c) => neonStorage(c.env.DATABASE_URL, { fetchEndpoint: c.env.NEON_FETCH_ENDPOINT }),
    failureLimit: fraction(5, 10),
    cooldown: '30s',
  }))
  app.get('/pay', (c) => c.text('paid'))
  export default app`

const SOURCES = {
  [BASELINE]: alone,
  [EMPTY]: withMiddleware,
  [NEON_FETCH]: withBreaker('neon-fetch'),
  [DRIZZLE]: withDatabase,
  [NEON]: withBreaker('neon'),
}

/** Workers by name, each as one minified file with all that it needs. */
export async function bundles(
  ...names: readonly (keyof typeof SOURCES)[]
): Promise<Readonly<Record<string, Bundle>>> {
  const made = names.map(
    async (name) => [name, await bundle(SOURCES[name], { external: [] })] as const,
  )
  return Object.fromEntries(await Promise.all(made))
}
