import { neon, neonConfig } from '@neondatabase/serverless'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { type LocalNeon, startLocalNeon } from '../../src/local/index.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

const SECRET = 's3cr3t'
const settings = resolveSettings({ failureLimit: fraction(1, 1) })
const request = { resourceKey: 'k', namespace: 'default', settings, leaseMs: 1_000 }

describe('neonStorage', () => {
  let databases: TestDatabase[]
  let endpoints: LocalNeon[]

  // Two databases of one server: their URLs have one host and port, and each has an endpoint of its own.
  beforeEach(async () => {
    databases = [
      await createDatabase(inject('postgresUrl'), 'neon'),
      await createDatabase(inject('postgresUrl'), 'neon'),
    ]
    endpoints = await Promise.all(
      databases.map(({ url }) => startLocalNeon({ databaseUrl: url, migrate: false })),
    )
  })
  afterEach(async () => {
    for (const endpoint of endpoints) await endpoint.close()
    for (const database of databases) await database.drop()
  })
  const storageOn = (i: number, schema?: string) =>
    neonStorage(endpoints[i]!.databaseUrl, {
      fetchEndpoint: endpoints[i]!.fetchEndpoint,
      ...(schema === undefined ? {} : { schema }),
    })

  it('keeps breakers apart by endpoint, even where the host is one', async () => {
    for (const { url } of databases) await migrate(url)
    const [one, two] = [storageOn(0), storageOn(1)]
    const order = { command: 'open', cooldownMs: [60_000] } as const
    await one.control({ ...request, command: { order, actor: 'ana', reason: null } })
    expect((await two.acquire(request)).verdict).toBe('admitted')
    expect((await one.acquire(request)).verdict).toBe('rejected')
  })

  it('works in a schema of its own', async () => {
    await migrate(databases[0]!.url, { schema: 'breakers' })
    const storage = storageOn(0, 'breakers')
    expect((await storage.acquire(request)).verdict).toBe('admitted')
    await expect(storageOn(0).acquire(request)).rejects.toMatchObject({ code: 'SCHEMA_MISSING' })
  })

  it('leaves the requests of other clients to the endpoint that they had', async () => {
    await migrate(databases[0]!.url)
    const seen: string[] = []
    const { fetchFunction, fetchEndpoint } = neonConfig
    neonConfig.fetchEndpoint = (host) => `http://${host}.invalid/sql`
    neonConfig.fetchFunction = async (url: string, init: RequestInit) => {
      seen.push(url)
      return fetch(url, init)
    }
    try {
      await storageOn(0).acquire(request)
      expect(seen).toEqual([endpoints[0]!.fetchEndpoint])
      await expect(neon('postgres://u:p@elsewhere/db')`select 1`).rejects.toThrow()
      expect(seen.at(-1)).toBe('http://elsewhere.invalid/sql')
    } finally {
      Object.assign(neonConfig, { fetchFunction, fetchEndpoint })
    }
    await storageOn(0).acquire(request)
  })

  it('says how to make the tables that are missing', async () => {
    await expect(storageOn(0).acquire(request)).rejects.toMatchObject({
      name: 'StorageError',
      code: 'SCHEMA_MISSING',
      message: expect.stringMatching(/resilient-circuit pg-setup.*drizzle-kit push/),
    })
  })

  it('never shows the password where nobody answers', async () => {
    const storage = neonStorage(`postgres://u:${SECRET}@h/d`, {
      fetchEndpoint: 'http://127.0.0.1:1/sql',
    })
    const error: Error = await storage.acquire(request).then(
      () => expect.unreachable(),
      (error) => error,
    )
    expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_FAILED' })
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain(SECRET)
  })

  it.each([
    { url: undefined, says: 'got undefined' },
    { url: '', says: 'is the variable set?' },
    { url: { binding: 1 }, says: 'got an object' },
    { url: `postgres://u:${SECRET}@@@/x:y`, says: 'postgresql://user:password@host/database' },
    { url: `https://u:${SECRET}@h/d`, says: 'got "https://…"' },
    { url: `postgres://:${SECRET}@h/d`, says: 'postgresql://user:password@host/database' },
    { url: `postgres://u:${SECRET}@h/`, says: 'postgresql://user:password@host/database' },
  ])('names a URL that is none: $url', ({ url, says }) => {
    let error: unknown
    try {
      neonStorage(url as string)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toMatchObject({
      name: 'InvalidOptionError',
      option: 'url',
      message: expect.stringContaining(says),
    })
    expect((error as Error).message).not.toContain(SECRET)
  })

  it.each(['ftp://x', 'nowhere', 7])('names an endpoint that is none: %s', (fetchEndpoint) => {
    expect(() =>
      neonStorage('postgres://u:p@h/d', { fetchEndpoint: fetchEndpoint as string }),
    ).toThrow(/^fetchEndpoint must be/)
  })
})
