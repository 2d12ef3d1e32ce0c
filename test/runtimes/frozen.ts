import { writeSync } from 'node:fs'
import process from 'node:process'
import { CircuitProtectorPolicy, fraction, SafetyNet } from 'resilient-circuit'
import { neonStorage } from 'resilient-circuit/neon'

declare const STAND: { readonly databaseUrl: string; readonly fetchEndpoint: string }

process.env['AWS_LAMBDA_FUNCTION_NAME'] = 'charge'
const payments = new CircuitProtectorPolicy({
  resourceKey: 'frozen',
  storage: neonStorage(STAND.databaseUrl, { fetchEndpoint: STAND.fetchEndpoint }),
  failureLimit: fraction(5, 10),
  // Busy machines must not look like slow databases.
  storageTimeout: '60s',
  operationTimeout: '90s',
})
const charge = new SafetyNet({ policies: [payments] }).wrap(async (order: string) => {
  if (order === 'bad') throw new Error('the charge failed')
})

await charge('fine')
await charge('bad').catch(() => {})
// The response is out: the platform stops the process where it is.
writeSync(1, 'answered\n')
process.kill(process.pid, 'SIGSTOP')
