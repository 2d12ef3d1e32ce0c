import process from 'node:process'
import { Hono } from 'hono'
import {
  CircuitProtectorPolicy,
  FixedDelay,
  fraction,
  RetryWithBackoffPolicy,
  SafetyNet,
} from 'resilient-circuit'
import { createStorage } from 'resilient-circuit/env'
import { protectFetch } from 'resilient-circuit/fetch'
import { circuitBreaker } from 'resilient-circuit/hono'
import { neonStorage } from 'resilient-circuit/neon-fetch'

declare const STAND: { readonly databaseUrl: string; readonly fetchEndpoint: string }

const fails = () => Promise.reject(new Error('down'))
const { databaseUrl, fetchEndpoint } = STAND
const storage = neonStorage(databaseUrl, { fetchEndpoint })
const settings = {
  failureLimit: fraction(2, 2),
  cooldown: '1h',
  background: 'await',
  // Busy machines must not look like slow databases.
  storageTimeout: '60s',
  operationTimeout: '90s',
} as const

const names: Record<string, string> = {}
const named = async (call: () => Promise<unknown>) => {
  for (let i = 0; i < 2; i++) await call().catch(() => {})
  return call().then(
    () => 'answered',
    ({ name }) => name,
  )
}

const shared = new CircuitProtectorPolicy({ ...settings, resourceKey: 'shared', storage })
names['shared'] = await named(() => shared.execute(fails))
await shared.flush()

const alone = new CircuitProtectorPolicy(settings)
const retry = new RetryWithBackoffPolicy({ maxRetries: 1, backoff: new FixedDelay(1) })
const net = new SafetyNet({ policies: [alone, retry] })
names['alone'] = await named(net.wrap(fails))

const memory = createStorage({}, { onNotice: () => {} })
const inMemory = new CircuitProtectorPolicy({ ...settings, resourceKey: 'memory', storage: memory })
names['memory'] = await named(() => inMemory.execute(fails))

const app = new Hono()
app.use(circuitBreaker({ ...settings, resourceKey: 'route', storage }))
app.get('/', (c) => c.text('down', 500))
for (let i = 0; i < 3; i++) names['route'] = String((await app.request('/')).status)

const safeFetch = protectFetch({ ...settings, storage, key: () => 'fetch' })(fails as typeof fetch)
names['fetch'] = await named(() => safeFetch('https://api.example.com/'))

const driven = createStorage(
  { DATABASE_URL: databaseUrl, RC_DB_FETCH_ENDPOINT: fetchEndpoint },
  { onNotice: () => {} },
)
const driver = await driven.list().then(
  () => 'answered',
  ({ message }) => message,
)

const { items } = await storage.list()
const stored = Object.fromEntries(items.map(({ resourceKey, status }) => [resourceKey, status]))
console.log(JSON.stringify({ names, driver, stored }))
process.stdin.resume().on('end', () => process.exit())
