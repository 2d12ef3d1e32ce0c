import { Hono } from 'hono'
import { circuitBreaker } from '../../../../src/hono/index.ts'
import { neonStorage } from '../../../../src/postgres/neon.ts'

type Environment = { Bindings: { DATABASE_URL: string; NEON_FETCH_ENDPOINT: string } }
const app = new Hono<Environment>()
app.use(
  circuitBreaker<Environment>({
    resourceKey: 'bench',
    storage: (c) => neonStorage(c.env.DATABASE_URL, { fetchEndpoint: c.env.NEON_FETCH_ENDPOINT }),
  }),
)
app.get('/', (c) => c.text('ok'))

export default app
