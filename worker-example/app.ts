import { type Context, Hono } from 'hono'
import { fraction } from 'resilient-circuit'
import { circuitDashboard } from 'resilient-circuit/dashboard'
import { type CircuitBreakerOptions, circuitBreaker } from 'resilient-circuit/hono'
import { neonStorage } from 'resilient-circuit/neon'

export interface Bindings {
  /** `postgresql://user:password@host/database`: where the fleet keeps its breakers. */
  readonly DATABASE_URL: string
  /** Where Neon's driver sends its requests; only for a database that is not Neon's, such as the local endpoint. */
  readonly NEON_FETCH_ENDPOINT?: string
  /** The payment service, somebody else's. */
  readonly UPSTREAM_URL: string
  /** Opens the dashboard to the user `admin`; without it nobody comes in. */
  readonly DASHBOARD_PASSWORD?: string
}

type Environment = { Bindings: Bindings }

const storage = ({ env }: Context<Environment>) =>
  neonStorage(env.DATABASE_URL, { fetchEndpoint: env.NEON_FETCH_ENDPOINT })

/** The app, the same on every runtime. `breaker` changes the settings of its one breaker. */
export function createApp(
  breaker: Partial<CircuitBreakerOptions<Environment>> = {},
): Hono<Environment> {
  const app = new Hono<Environment>()

  app.get('/', (c) =>
    c.text(
      'GET /pay/:order pays an order. GET /status shows the breaker that guards it, /circuits steers it.\n',
    ),
  )

  // One breaker for all instances, everywhere: each stops calling once three of the last five payments failed.
  app.use(
    '/pay/*',
    circuitBreaker({
      resourceKey: 'payment_service',
      storage,
      failureLimit: fraction(3, 5),
      successLimit: fraction(2, 2),
      cooldown: '30s',
      ...breaker,
    }),
  )

  app.get('/pay/:order', (c) => {
    const order = encodeURIComponent(c.req.param('order'))
    return fetch(`${c.env.UPSTREAM_URL}/charges/${order}`, {
      method: 'POST',
      signal: AbortSignal.timeout(5_000),
    })
  })

  // What the whole fleet knows, read from its storage.
  app.get('/status', async (c) => {
    const { items } = await storage(c).list()
    return c.json(
      items.map(({ resourceKey, status, log, opens, retryAfterMs }) => ({
        resourceKey,
        status,
        log,
        opens,
        retryAfterMs,
      })),
    )
  })

  // The same for people, with buttons.
  app.route(
    '/circuits',
    circuitDashboard({
      storage,
      auth: { username: 'admin', password: (c: Context<Environment>) => c.env.DASHBOARD_PASSWORD },
    }),
  )

  return app
}
