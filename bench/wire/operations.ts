import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { plainReport } from '../../test/support/plain-report.ts'
import { CountingProxy } from '../support/counting-proxy.ts'
import type { Table } from '../support/result.ts'
import type { Setting } from './contender.ts'
import { LIMITS } from './textbook.ts'

const settings = resolveSettings({
  failureLimit: fraction(LIMITS.failures, LIMITS.window),
  cooldown: '30s',
})

/** What an operation of ours weighs on a connection that stands, by Neon's driver. */
export async function operations({ neon }: Setting): Promise<Table> {
  await using proxy = await CountingProxy.start(neon.fetchEndpoint)
  const made = () =>
    neonStorage(neon.databaseUrl, { fetchEndpoint: `http://127.0.0.1:${proxy.port}/sql` })
  const read = { resourceKey: 'operations', namespace: 'default' }
  const storage = made()
  const rows: (string | number)[][] = []
  const row = async (name: string, work: () => Promise<unknown>) => {
    const before = proxy.tally.bytes
    await work()
    rows.push([name, proxy.tally.bytes - before])
  }
  const report = (on: CircuitStorage, outcomes: string) => () =>
    on.exchange([{ ...read, report: plainReport(outcomes, flushes++, null, settings) }])

  await storage.exchange([read])
  // A storage that has read nothing does not know whether the function is installed, and sends its text along.
  await row('report of ten outcomes, tables alone', report(made(), '0'.repeat(10)))
  await row('report of one failure', report(storage, '1'))
  await row('read: 11 outcomes in the row', () => storage.exchange([read]))
  return {
    title: 'One operation: bytes of one HTTP request and its answer (Node, no TLS)',
    columns: ['operation', 'bytes'],
    rows,
  }
}

let flushes = 1
