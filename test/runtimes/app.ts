import { type Context, Hono } from 'hono'
import { CircuitProtectorPolicy, fraction } from 'resilient-circuit'
import { protectFetch, rejectionResponse } from 'resilient-circuit/fetch'
import { type CircuitBreakerOptions, circuitBreaker } from 'resilient-circuit/hono'
import { neonStorage } from 'resilient-circuit/neon'

/** Written in by whoever builds this file: everything here is constructed at module scope, where Workers forbid I/O, timers and chance. */
declare const STAND: {
  readonly databaseUrl: string
  readonly fetchEndpoint: string
  readonly upstream: string
}

const storage = neonStorage(STAND.databaseUrl, { fetchEndpoint: STAND.fetchEndpoint })

// Busy machines must not look like slow databases.
const settings = {
  storage,
  failureLimit: fraction(2, 2),
  successLimit: fraction(1, 1),
  storageTimeout: '60s',
  operationTimeout: '90s',
} as const

const onTheRoute = (cooldown: CircuitBreakerOptions['cooldown']) =>
  circuitBreaker({
    ...settings,
    resourceKey: (c) => c.req.param('key')!,
    ...(cooldown !== undefined && { cooldown }),
  })

const protect = protectFetch({
  ...settings,
  cooldown: '1h',
  key: ({ url }) => url.pathname.slice(1),
  fallback: rejectionResponse,
})

const policy = new CircuitProtectorPolicy({ ...settings, resourceKey: 'policy', cooldown: '1h' })

const callUpstream = (c: Context) => fetch(`${STAND.upstream}/${c.req.param('key')}`)

export const app: Hono = new Hono()

app.get('/route/:key', onTheRoute('1h'), callUpstream)
// Its cooldown is over as soon as it opens: the next request is a probe.
app.get('/probed/:key', onTheRoute(1), callUpstream)
app.get('/fetch/:key', (c) =>
  protect(fetch, lifetimeOf(c))(`${STAND.upstream}/${c.req.param('key')}`),
)
/** Nothing here knows of a `waitUntil`. */
app.get('/policy/:key', (c) =>
  policy.execute(async () => {
    const response = await callUpstream(c)
    if (!response.ok) throw new Error('the upstream is down')
    return response
  }),
)
app.get('/load/:path{.+}', async (c) => c.json(Object.keys(await import(c.req.param('path')!))))
app.get('/storage/status', async (c) => {
  const { items } = await storage.list()
  return c.json(
    Object.fromEntries(items.map(({ resourceKey, status, log }) => [resourceKey, { status, log }])),
  )
})
app.onError((error, c) => c.text(`${error.name}: ${error.message}`, 500))

function lifetimeOf(c: Context): Context['executionCtx'] | undefined {
  try {
    return c.executionCtx
  } catch {
    return undefined
  }
}
