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
const storage = neonStorage(databaseUrl, { fetchEndpoint })
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
  ...hooks,
})

if (mode === 'storage') flushOnShutdown(storage)
if (['breaker', 'interrupted', 'end', 'outage', 'hanging hooks', 'rejecting hooks'].includes(mode))
  flushOnShutdown(payments)
if (mode === 'beside another') {
  flushOnShutdown(payments)
  process.on('SIGTERM', async () => {
    await payments.flush()
    process.exit(7)
  })
}
if (mode === 'taken back') flushOnShutdown(payments)()

// The first is reported at once; three wait.
for (let call = 0; call < 4; call++) await payments.execute(async () => 'fine')
if (mode === 'floating') {
  // The second follows the first after a gap.
  for (let call = 0; call < 2; call++)
    await payments.execute(() => Promise.reject(new Error('down'))).catch(() => {})
}
console.log('ready')
if (!['end', 'outage', 'floating', 'rejecting hooks'].includes(mode))
  process.stdin.resume().on('end', () => process.exit())
