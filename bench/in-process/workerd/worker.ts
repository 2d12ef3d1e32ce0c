import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { circuitBreaker } from '../../../src/hono/index.ts'
import { fraction } from '../../../src/index.ts'
import { neonStorage } from '../../../src/postgres/neon.ts'

type Environment = { Bindings: { DATABASE_URL: string; NEON_FETCH_ENDPOINT: string } }

const answer = (c: Context) => c.text('ok')

const nothing: MiddlewareHandler = async (_, next) => {
  await next()
}

const app = new Hono<Environment>()
app.get('/hono', answer)
app.get('/empty', nothing, answer)
app.get(
  '/breaker',
  circuitBreaker({
    resourceKey: 'bench',
    storage: (c) => neonStorage(c.env.DATABASE_URL, { fetchEndpoint: c.env.NEON_FETCH_ENDPOINT }),
    failureLimit: fraction(5, 10),
  }),
  answer,
)

type Rest = Parameters<typeof app.fetch> extends [Request, ...infer R] ? R : never

const bare = () => new Response('ok', { headers: { 'content-type': 'text/plain;charset=UTF-8' } })

export default {
  fetch: (request: Request, ...rest: Rest) => (request.url.endsWith('/bare') ? bare() : app.fetch(request, ...rest)),
}
