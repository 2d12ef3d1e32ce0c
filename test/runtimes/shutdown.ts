import process from 'node:process'
import { CircuitProtectorPolicy, fraction } from 'resilient-circuit'
import { neonStorage } from 'resilient-circuit/neon'
import { flushOnShutdown } from 'resilient-circuit/shutdown'

declare const STAND: {
  readonly databaseUrl: string
  readonly fetchEndpoint: string
  readonly resourceKey: string
  readonly mode: string
}

const { databaseUrl, fetchEndpoint, resourceKey, mode } = STAND
const database = neonStorage(databaseUrl, { fetchEndpoint })
/** While it lasts, the storage refuses everything. */
const outage = { over: !mode.startsWith('after an outage') && !mode.startsWith('lost') }
const storage: typeof database = Object.assign(Object.create(database), {
  exchange: async (...args: Parameters<typeof database.exchange>) => {
    if (!outage.over) throw new Error('the storage is down')
    return database.exchange(...args)
  },
  acquire: async (...args: Parameters<typeof database.acquire>) => {
    if (!outage.over) throw new Error('the storage is down')
    return database.acquire(...args)
  },
})
const rejects = async () => {
  throw new Error('mine')
}
const hooks = {
  'hanging hooks': { onOutcome: () => new Promise(() => {}) },
  'rejecting hooks': { onOutcome: rejects, onStatusChange: rejects, onNotice: rejects },
}[mode]
const payments = new CircuitProtectorPolicy({
  resourceKey,
  storage,
  failureLimit: fraction(5, 10),
  // Busy machines must not look like slow databases.
  storageTimeout: '60s',
  operationTimeout: '90s',
  ...hooks,
  ...(outage.over
    ? {}
    : {
        consistency: 'strong',
        failureLimit: fraction(1_000, 1_000),
        onDropped: (_, { outcomes, why }) => console.log(`lost ${outcomes}: ${why}`),
      }),
})

if (['storage', 'lost, of a storage', 'after an outage, of a storage'].includes(mode))
  flushOnShutdown(storage)
if (['breaker', 'interrupted', 'end', 'outage', 'hanging hooks', 'rejecting hooks'].includes(mode))
  flushOnShutdown(payments)
if (mode === 'beside another') {
  flushOnShutdown(payments)
  process.on('SIGTERM', async () => {
    await payments.flush()
    process.exit(7)
  })
}
if (['lost, of a breaker', 'after an outage, of a breaker'].includes(mode))
  flushOnShutdown(payments)
if (mode === 'taken back') flushOnShutdown(payments)()

if (!outage.over) {
  for (let call = 0; call < 80; call++)
    await payments.execute(() => Promise.reject(new Error('down'))).catch(() => {})
  outage.over = mode.startsWith('after an outage')
}
// The first is reported at once; three wait.
for (let call = 0; call < 4 && !mode.includes('of a'); call++)
  await payments.execute(async () => 'fine')
if (mode === 'floating') {
  // The second follows the first after a gap.
  for (let call = 0; call < 2; call++)
    await payments.execute(() => Promise.reject(new Error('down'))).catch(() => {})
}
console.log('ready')
if (!['end', 'outage', 'floating', 'rejecting hooks'].includes(mode))
  process.stdin.resume().on('end', () => process.exit())
