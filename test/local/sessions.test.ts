import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { backendOver } from '../../src/local/backend.ts'
import { type LocalNeon, startLocalNeon } from '../../src/local/index.ts'
import { pgliteSessions } from '../../src/local/pglite-sessions.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { ask, post } from './endpoints.ts'

describe('the connections to PostgreSQL', () => {
  let database: TestDatabase
  let db: LocalNeon
  /** Sees what the endpoint does to the database, from outside. */
  let watcher: pg.Client

  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'), 'sessions')
    db = await startLocalNeon({ databaseUrl: database.url })
    watcher = new pg.Client(database.url)
    await watcher.connect()
    await watcher.query('create table t (id int)')
  })
  afterAll(async () => {
    await db.close()
    await watcher.end()
    await database.drop()
  })

  const pid = async (): Promise<string> => {
    const { rows } = (await ask(db, { query: 'select pg_backend_pid()' })) as { rows: [[string]] }
    return rows[0][0]
  }
  /** The watcher holds the lock 7, so a statement that wants it waits until it is cancelled. */
  const WAIT = { query: 'select pg_advisory_lock(7)' }
  const waiting = async () => {
    const { rows } = await watcher.query("select pid from pg_locks where locktype = 'advisory' and not granted")
    return rows.length
  }

  it('are used again', async () => {
    expect(await pid()).toBe(await pid())
  })

  it.each([
    ['a statement', { query: 'select 1/0' }],
    ['a batch', { queries: [{ query: 'select 1' }, { query: 'select 1/0' }] }],
    ['a statement that leaves a transaction open', { query: 'begin' }],
  ])('are thrown away after %s that fails', async (_, body) => {
    const before = await pid()
    await ask(db, body)
    const after = await pid()
    expect(after).not.toBe(before)
  })

  it('keep the plans of functions between requests', async () => {
    await watcher.query(`create function planned() returns int language plpgsql as $$
      declare n int; begin select count(*) into n from t; return n; end $$`)
    const first = await pid()
    // Memory of a cached plan hangs below CacheMemoryContext; `discard plans` would only mark it invalid, and the next use renew it.
    const plans = async () => {
      const { rows } = (await ask(db, {
        query: "select count(*) from pg_backend_memory_contexts where ident like '%from t%' and name = 'CachedPlanSource'",
      })) as { rows: [[string]] }
      return rows[0][0]
    }
    expect(await plans()).toBe('0')
    await ask(db, { query: 'select planned()' })
    expect(await plans()).toBe('1')
    expect(await pid()).toBe(first)
  })

  it.each([
    ['a statement', WAIT],
    ['a batch', { queries: [{ query: 'insert into t values (1)' }, WAIT] }],
  ])('cancel %s when its client goes away', async (_, body) => {
    await watcher.query('select pg_advisory_lock(7)')
    const client = new AbortController()
    const request = post(db, { body, signal: client.signal })
    await vi.waitFor(async () => expect(await waiting()).toBe(1))
    client.abort()
    await expect(request).rejects.toThrow()
    await vi.waitFor(async () => expect(await waiting()).toBe(0))
    await watcher.query('select pg_advisory_unlock(7)')
    expect((await watcher.query('select from t')).rowCount).toBe(0)
    expect(await ask(db, { query: 'select 1' })).toMatchObject({ rows: [['1']] })
  })

  it('are not taken for a client that went away while it waited for one', async () => {
    await watcher.query('select pg_advisory_lock(7)')
    const busy = new AbortController()
    const all = Array.from({ length: 20 }, () => post(db, { body: WAIT, signal: busy.signal }).catch(() => {}))
    await vi.waitFor(async () => expect(await waiting()).toBe(20))
    const late = new AbortController()
    const request = post(db, { body: { query: 'insert into t values (2)' }, signal: late.signal })
    late.abort()
    await expect(request).rejects.toThrow()
    busy.abort()
    await Promise.all(all)
    await vi.waitFor(async () => expect(await waiting()).toBe(0))
    await watcher.query('select pg_advisory_unlock(7)')
    expect(await ask(db, { query: 'select count(*) from t' })).toMatchObject({ rows: [['0']] })
  })

  it('answer 500 without a code when they break under a statement', async () => {
    await watcher.query('select pg_advisory_lock(7)')
    const request = post(db, { body: WAIT })
    await vi.waitFor(async () => expect(await waiting()).toBe(1))
    const terminated = await watcher.query(
      "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted",
    )
    expect(terminated.rowCount).toBe(1)
    const response = await request
    // The server's last word, where it has one, is an error of the database.
    expect([response.status, ((await response.json()) as { code: unknown }).code]).toEqual([400, '57P01'])
    await watcher.query('select pg_advisory_unlock(7)')
    expect(await ask(db, { query: 'select 1' })).toMatchObject({ rows: [['1']] })
  })

  it('are cancelled when the endpoint closes', async () => {
    const other = await startLocalNeon({ databaseUrl: database.url })
    await watcher.query('select pg_advisory_lock(7)')
    const request = post(other, { body: WAIT })
    const rejected = expect(request).rejects.toThrow()
    await vi.waitFor(async () => expect(await waiting()).toBe(1))
    await other.close()
    await rejected
    await vi.waitFor(async () => expect(await waiting()).toBe(0))
    await watcher.query('select pg_advisory_unlock(7)')
  })
})

describe('the session of PGlite', () => {
  it('refuses all further work once its PostgreSQL has ended, and still closes', async () => {
    const backend = backendOver(await pgliteSessions(undefined))
    await backend.exec('create table t (id int)')
    // In a script nothing follows a COPY that waits for data: PostgreSQL takes that for the end of its client, and exits.
    await expect(backend.exec('copy t from stdin')).rejects.toThrow()
    await expect(backend.exec('select 1')).rejects.toThrow('the embedded PostgreSQL has ended')
    await backend.close()
  })
})
