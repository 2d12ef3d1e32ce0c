import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { types as neonTypes } from '@neondatabase/serverless'
import { drizzle as overPglite } from 'drizzle-orm/pglite'
import pg from 'pg'
import { describe, expect, inject, it, onTestFinished } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { startLocalNeon } from '../../src/local/index.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { DO_BLOCK } from '../../src/postgres/statements/block.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { openPglite } from '../support/pglite.ts'
import { plainReport } from '../support/plain-report.ts'
import { createDatabase } from '../support/postgres.ts'
import { TABLES } from './support.ts'

const settings = resolveSettings({ failureLimit: fraction(1, 1) })
const id = { resourceKey: 'k', namespace: 'default' }

/** Every kind of statement, and what each has to answer. */
async function useAll(storage: CircuitStorage): Promise<void> {
  expect((await storage.acquire({ ...id, settings, leaseMs: 1_000 })).verdict).toBe('admitted')
  const report = plainReport('1', 1, null, settings)
  const [sent] = await storage.exchange([{ ...id, report }])
  expect(sent).toMatchObject({ verdict: 'counted', snapshot: { status: 'OPEN', log: '1' } })
  expect((await storage.exchange([id]))[0]!.snapshot.status).toBe('OPEN')
  const page = await storage.list({ search: 'K', status: 'OPEN', summary: true })
  expect(page).toMatchObject({ items: [{ resourceKey: 'k' }], summary: { counts: { OPEN: 1 } } })
  const history = await storage.history({ ...id, newerThanMs: 60_000, limit: 1 })
  expect(history).toMatchObject({ items: [{ to: 'OPEN' }], next: null })
  const prune = { breakersOlderThanMs: 86_400_000, transitionsOlderThanMs: 86_400_000 }
  expect(await storage.prune(prune)).toEqual({ breakers: 0, transitions: 0 })
}

/** What applications have set: json stays text, jsonb and int8 become something else, a boolean a number. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => (text === 't' ? 1 : 0),
  20: BigInt,
  23: BigInt,
  114: (text) => text,
  701: (text) => ({ text }),
  3802: (text) => text,
}

describe('type parsers of the application change nothing', () => {
  it.each(['pg', 'Neon’s driver'])('of %s', async (driver) => {
    const database = await createDatabase(inject('postgresUrl'), 'drivers')
    const types = driver === 'pg' ? pg.types : neonTypes
    const before = Object.keys(PARSERS).map(
      (oid) => [oid, types.getTypeParser(Number(oid))] as const,
    )
    onTestFinished(async () => {
      for (const [oid, parser] of before) types.setTypeParser(Number(oid), parser as never)
      await database.drop()
    })
    for (const [oid, parser] of Object.entries(PARSERS))
      types.setTypeParser(Number(oid), parser as never)
    if (driver === 'pg') {
      await migrate(database.url)
      await using storage = nodePostgresStorage(database.url)
      await useAll(storage)
    } else {
      await using local = await startLocalNeon({ databaseUrl: database.url })
      await useAll(neonStorage(local.databaseUrl, { fetchEndpoint: local.fetchEndpoint }))
    }
  })

  it('of PGlite', async () => {
    const client = await openPglite()
    onTestFinished(() => client.close())
    await client.exec(TABLES)
    const parsing = new Proxy(client, {
      get: (target, name) => {
        if (name === 'query')
          return (text: string, params: unknown[], options: object) =>
            target.query(text, params, { ...options, parsers: PARSERS as never })
        const value = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    await useAll(new DrizzleStorage(overPglite({ client: parsing })))
  })
})

describe('a server that takes connections and says nothing', () => {
  async function silent(): Promise<{
    url: string
    sockets: Socket[]
    connected: Promise<unknown>
  }> {
    const sockets: Socket[] = []
    const server = createServer(
      (socket) => void sockets.push(socket.on('error', () => {}).resume()),
    )
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const { port } = server.address() as AddressInfo
    const url = `postgres://u:p@127.0.0.1:${port}/d?sslmode=disable`
    return { url, sockets, connected: once(server, 'connection') }
  }

  it('does not hold close()', async () => {
    const { url, sockets, connected } = await silent()
    const storage = nodePostgresStorage(url)
    const call = storage.exchange([id]).catch((error) => error)
    await connected
    const gone = once(sockets[0]!, 'close')
    await storage.close()
    await gone
    expect(await call).toMatchObject({ name: 'StorageError', code: 'STORAGE_FAILED' })
  })

  it('does not hold a call that is given up', async () => {
    const { url, connected } = await silent()
    const storage = nodePostgresStorage(url)
    onTestFinished(() => storage.close())
    const giveUp = new AbortController()
    const call = storage.exchange([id], { signal: giveUp.signal })
    await connected
    giveUp.abort(new Error('given up'))
    await expect(call).rejects.toBe(giveUp.signal.reason)
  })
})

it('a call that is given up leaves no connection behind', async () => {
  const database = await createDatabase(inject('postgresUrl'), 'drivers')
  await migrate(database.url)
  const admin = new pg.Client(database.url)
  await admin.connect()
  const storage = nodePostgresStorage(database.url, { max: 1 })
  onTestFinished(async () => {
    await storage.close()
    await admin.end()
    await database.drop()
  })
  await storage.exchange([{ ...id, report: plainReport('0', 1, null, settings) }])
  await admin.query('begin; lock table rc_circuit_breakers in access exclusive mode')
  const giveUp = new AbortController()
  const call = storage.exchange([id], { signal: giveUp.signal })
  const waiting = () =>
    admin.query(`select from pg_stat_activity where wait_event_type = 'Lock'
      and datname = current_database()`)
  await expect.poll(async () => (await waiting()).rowCount).toBe(1)
  giveUp.abort(new Error('given up'))
  await expect(call).rejects.toBe(giveUp.signal.reason)
  await admin.query('rollback')
  // The only connection of the pool was cut: the next call gets a new one.
  expect((await storage.exchange([id]))[0]!.snapshot.log).toBe('0')
})

it('all SQL that is sent is ASCII, so that a database of any encoding takes it', async () => {
  const folder = new URL('../../drizzle/', import.meta.url)
  const files = readdirSync(folder).filter((name) => name.endsWith('.sql'))
  const texts = files.map((name) => readFileSync(new URL(name, folder), 'utf8'))
  const { sql } = await migrate(undefined, { dryRun: true, pruneFunctions: true })
  for (const text of [...texts, sql, DO_BLOCK]) expect(text).toMatch(/^[ -~\t\n]*$/)
})
