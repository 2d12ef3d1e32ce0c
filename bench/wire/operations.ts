import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { neonStorage as neonFetchStorage } from '../../src/postgres/neon-fetch.ts'
import { type PlainReport, plainReport } from '../../test/support/plain-report.ts'
import type { Table } from '../support/result.ts'
import { type Setting, targetOf } from './contender.ts'
import { CountingProxy } from './counting-proxy.ts'
import { LIMITS } from './textbook.ts'

/** One request and its answer, each cut into head and body. */
interface Message {
  readonly request: readonly [head: number, body: number]
  readonly answer: readonly [head: number, body: number]
}

const settings = resolveSettings({
  failureLimit: fraction(LIMITS.failures, LIMITS.window),
  cooldown: '30s',
})
const drivers = { "Neon's driver": neonStorage, 'neon-fetch': neonFetchStorage } as const

/** What each operation of ours weighs on a connection that stands. */
export async function operations({ neon }: Setting): Promise<Table> {
  const proxy = await CountingProxy.start(targetOf(neon.fetchEndpoint))
  const fetchEndpoint = `http://127.0.0.1:${proxy.port}/sql`
  const rows: (string | number)[][] = []
  for (const [driver, storageOf] of Object.entries(drivers)) {
    const made = () => storageOf(neon.databaseUrl, { fetchEndpoint })
    const read = { resourceKey: `operations of ${driver}`, namespace: 'default' }
    const storage = made()
    const row = async (
      name: string,
      on: CircuitStorage,
      work: (on: CircuitStorage) => Promise<unknown>,
    ) => {
      const { request, answer } = await weighed(proxy, () => work(on))
      rows.push([
        name,
        driver,
        ...request,
        ...answer,
        request[0] + request[1] + answer[0] + answer[1],
      ])
    }
    const report = (outcomes: string) => (on: CircuitStorage) =>
      on.exchange([{ ...read, report: reportOf(outcomes) }])

    await storage.exchange([read])
    await row('read: no row yet', storage, (on) => on.exchange([read]))
    // A storage that has read nothing does not know whether the function is installed, and sends its text along.
    await row('report, tables alone', made(), report('0'.repeat(10)))
    await row('report of one failure', storage, report('1'))
    await row('read: 11 outcomes in the row', storage, (on) => on.exchange([read]))
    await report('0'.repeat(1_000))(storage)
    await row('read: 1,000 outcomes in the row', storage, (on) => on.exchange([read]))
    await row('report of one success to it', storage, report('0'))
    await storage.control({
      ...read,
      command: { order: { command: 'open', cooldownMs: [1] }, actor: null, reason: null },
    })
    await row('acquire: a probe', storage, (on) =>
      on.acquire({ ...read, settings, leaseMs: 30_000, expected: 'OPEN' }),
    )
  }
  await proxy.close()
  return {
    title:
      'One operation: bytes of one HTTP request and its answer (Node, no TLS, a local host name)',
    columns: [
      'operation',
      'by',
      'request head',
      'request body',
      'answer head',
      'answer body',
      'total',
    ],
    rows,
  }
}

let flushes = 1

const reportOf = (outcomes: string): PlainReport => plainReport(outcomes, flushes++, null, settings)

async function weighed(proxy: CountingProxy, work: () => Promise<unknown>): Promise<Message> {
  const chunks = { client: [] as Buffer[], server: [] as Buffer[] }
  proxy.listener = (from, chunk) => chunks[from].push(chunk)
  await work()
  proxy.listener = undefined
  return { request: cut(Buffer.concat(chunks.client)), answer: cut(Buffer.concat(chunks.server)) }
}

function cut(message: Buffer): readonly [head: number, body: number] {
  const head = message.indexOf('\r\n\r\n') + 4
  return [head, message.length - head]
}
