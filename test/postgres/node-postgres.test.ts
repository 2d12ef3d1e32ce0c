import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

const settings = resolveSettings({ failureLimit: fraction(1, 1) })
const request = { resourceKey: 'k', namespace: 'default', settings, leaseMs: 1_000 }

describe('nodePostgresStorage', () => {
  let database: TestDatabase
  let admin: pg.Client
  beforeEach(async () => {
    database = await createDatabase(inject('postgresUrl'), 'node_postgres')
    await migrate(database.url)
    admin = new pg.Client(database.url)
    await admin.connect()
  })
  afterEach(async () => {
    await admin.end()
    await database.drop()
  })
  const others = async () =>
    (
      await admin.query(
        'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      )
    ).rows.length
  const killOthers = () =>
    admin.query(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    )

  it('makes a pool for a URL, and ends it', async () => {
    const storage = nodePostgresStorage(database.url)
    expect((await storage.acquire(request)).verdict).toBe('admitted')
    expect(await others()).toBe(1)
    await storage.close()
    await storage.close()
    await expect.poll(others).toBe(0)
    await expect(storage.acquire(request)).rejects.toMatchObject({ name: 'StorageError' })
  })

  it('ends with its scope', async () => {
    {
      await using storage = nodePostgresStorage(database.url, { max: 1 })
      await storage.acquire(request)
    }
    await expect.poll(others).toBe(0)
  })

  it('leaves a pool that it was given open', async () => {
    const pool = new pg.Pool({ connectionString: database.url })
    await nodePostgresStorage(pool).acquire(request)
    await nodePostgresStorage(pool).close()
    expect((await pool.query('select 1 as n')).rows).toEqual([{ n: 1 }])
    expect(pool.listenerCount('error')).toBe(1)
    await pool.end()
  })

  // An `error` event without a listener would be an uncaught exception, which fails the run.
  it.each(['own', 'given'])(
    'outlives connections that break while idle (%s pool)',
    async (kind) => {
      const pool = new pg.Pool({ connectionString: database.url })
      const storage = nodePostgresStorage(kind === 'own' ? database.url : pool)
      await storage.acquire(request)
      await killOthers()
      await expect.poll(others).toBe(0)
      // The server is done with them sooner than this process has heard of it: till then a call may still be given a broken one.
      await expect.poll(() => storage.acquire(request)).toMatchObject({ verdict: 'admitted' })
      await storage.close()
      await pool.end()
    },
  )

  it('outlives a connection that breaks while it is lent out', async () => {
    const pool = new pg.Pool({ connectionString: database.url })
    nodePostgresStorage(pool)
    const client = await pool.connect()
    const ended = new Promise((resolve) => client.once('end', () => resolve(undefined)))
    await killOthers()
    await ended
    client.release(true)
    await pool.end()
  })

  it.each([
    { url: undefined, option: 'url' },
    { url: null, option: 'url' },
    { url: 'postgres://u:s3cr3t@@@/x:y', option: 'url' },
  ])('names a URL that is none: $url', ({ url, option }) => {
    expect(() => nodePostgresStorage(url as string)).toThrow(
      expect.objectContaining({ name: 'InvalidOptionError', option }),
    )
    expect(() => nodePostgresStorage(url as string)).not.toThrow(/s3cr3t/)
  })

  it.each([0, 1.5, '3'])('names a max that is none: %s', (max) => {
    expect(() => nodePostgresStorage(database.url, { max: max as number })).toThrow(
      /^max must be a whole number from 1; got/,
    )
  })
})
