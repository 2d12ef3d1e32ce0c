import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { type Backend, backendOver } from '../../src/local/backend.ts'
import { type LocalNeon, startLocalNeon } from '../../src/local/index.ts'
import { pgSessions } from '../../src/local/pg-sessions.ts'
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
  const WAITING = `from pg_locks where locktype = 'advisory' and not granted
    and database = (select oid from pg_database where datname = current_database())`
  const waiting = async () => (await watcher.query(`select pid ${WAITING}`)).rows.length
  const waiters = (count: number) => expect.poll(waiting).toBe(count)

  it('are used again', async () => {
    expect(await pid()).toBe(await pid())
  })

  it.each([
    ['a statement that fails', { query: 'select 1/0' }],
    ['a batch that fails', { queries: [{ query: 'select 1' }, { query: 'select 1/0' }] }],
    ['a statement that leaves a transaction open', { query: 'begin' }],
  ])('are thrown away after %s', async (_, body) => {
    const before = await pid()
    await ask(db, body)
    const after = await pid()
    expect(after).not.toBe(before)
  })

  it.each([
    ['a statement', WAIT],
    ['a batch', { queries: [{ query: 'insert into t values (1)' }, WAIT] }],
  ])('cancel %s when its client goes away', async (_, body) => {
    await watcher.query('select pg_advisory_lock(7)')
    const client = new AbortController()
    const request = post(db, { body, signal: client.signal })
    await waiters(1)
    client.abort()
    await expect(request).rejects.toThrow()
    await waiters(0)
    await watcher.query('select pg_advisory_unlock(7)')
    expect((await watcher.query('select from t')).rowCount).toBe(0)
    expect(await ask(db, { query: 'select 1' })).toMatchObject({ rows: [['1']] })
  })

  it('are not given to a client that went away while it waited for one', async () => {
    const sessions = await pgSessions(database.url)
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    const connections = 20
    let lent = 0
    let all = () => {}
    const allLent = new Promise<void>((resolve) => {
      all = resolve
    })
    const busy = Array.from({ length: connections }, () =>
      sessions.lend(new AbortController().signal, () => {
        if (++lent === connections) all()
        return finished
      }),
    )
    await allLent
    const client = new AbortController()
    const use = vi.fn()
    const late = expect(sessions.lend(client.signal, use)).rejects.toMatchObject({
      name: 'AbortError',
    })
    client.abort()
    finish()
    await Promise.all(busy)
    await late
    expect(use).not.toHaveBeenCalled()
    await sessions.close()
  })

  it('are given up when a statement ignores that it is cancelled', async () => {
    const other = await startLocalNeon({ databaseUrl: database.url })
    await watcher.query('select pg_advisory_lock(7), pg_advisory_lock(8)')
    const stubborn = `do $$ begin perform pg_advisory_lock(7);
      exception when query_canceled then perform pg_advisory_lock(8); end $$`
    const rejected = expect(post(other, { body: { query: stubborn } })).rejects.toThrow()
    await waiters(1)
    await other.close()
    await rejected
    expect(await waiting()).toBe(1)
    await watcher.query('select pg_advisory_unlock_all()')
    await waiters(0)
  })

  it('give the last word of a server that ends them under a statement, and are replaced', async () => {
    await watcher.query('select pg_advisory_lock(7)')
    const request = post(db, { body: WAIT })
    await waiters(1)
    const terminated = await watcher.query(`select pg_terminate_backend(pid) ${WAITING}`)
    expect(terminated.rowCount).toBe(1)
    const response = await request
    expect([response.status, ((await response.json()) as { code: unknown }).code]).toEqual([
      400,
      '57P01',
    ])
    await watcher.query('select pg_advisory_unlock(7)')
    expect(await ask(db, { query: 'select 1' })).toMatchObject({ rows: [['1']] })
  })

  it('answer 500 when they break without a word, or cannot be made', async () => {
    const url = new URL(database.url)
    const { port, hostname } = url
    const sockets = new Set<Socket>()
    const tunnel = createServer((socket) => {
      const onward = connect(Number(port), hostname)
      for (const end of [socket, onward]) sockets.add(end.on('error', () => {}))
      socket.pipe(onward).pipe(socket)
    }).listen(0, '127.0.0.1')
    await once(tunnel, 'listening')
    url.host = `127.0.0.1:${(tunnel.address() as AddressInfo).port}`
    const cut = () => {
      for (const socket of sockets) socket.destroy()
    }
    await using other = await startLocalNeon({ databaseUrl: url.href })
    const answer = async (response: Response) => [response.status, await response.json()]
    const failure = (message: string) => [
      500,
      expect.objectContaining({ message, code: null, severity: null }),
    ]

    await watcher.query('select pg_advisory_lock(7)')
    const request = post(other, { body: WAIT })
    await waiters(1)
    cut()
    expect(await answer(await request)).toEqual(failure('the connection to the database failed'))
    await watcher.query('select pg_advisory_unlock(7)')
    expect((await post(other, { body: { query: 'select 1' } })).status).toBe(200)

    tunnel.close()
    cut()
    await once(tunnel, 'close')
    await expect
      .poll(async () => answer(await post(other, { body: { query: 'select 1' } })))
      .toEqual(failure('the connection to the database failed (ECONNREFUSED)'))
  })

  it('are cancelled when the endpoint closes', async () => {
    const other = await startLocalNeon({ databaseUrl: database.url })
    await watcher.query('select pg_advisory_lock(7)')
    const request = post(other, { body: WAIT })
    const rejected = expect(request).rejects.toThrow()
    await waiters(1)
    await other.close()
    await rejected
    await waiters(0)
    await watcher.query('select pg_advisory_unlock(7)')
  })
})

describe('the session of PGlite', () => {
  let backend: Backend

  beforeAll(async () => {
    backend = backendOver(await pgliteSessions(undefined))
    await backend.exec('create table t (id int)')
  })
  afterAll(() => backend.close())

  it('does the work of one request after that of another', async () => {
    const options = { signal: new AbortController().signal, receive: () => {} }
    const run = (...queries: string[]) =>
      backend.run(
        queries.map((query) => ({ query, params: [] })),
        { readOnly: false, deferrable: false },
        options,
      )
    const good = run('insert into t values (1)', 'insert into t values (2)')
    const bad = run('insert into t values (3)', 'select 1/0')
    await expect(bad).rejects.toMatchObject({ code: '22012' })
    await good
    const count = vi.fn()
    await backend.run([{ query: 'select count(*) from t', params: [] }], null, {
      ...options,
      receive: count,
    })
    expect(count.mock.lastCall).toMatchObject([{ rows: [['2']] }])
  })

  it('refuses all further work once its PostgreSQL has ended, and still closes', async () => {
    // In a script nothing follows a COPY that waits for data: PostgreSQL takes that for the end of its client, and exits.
    await expect(backend.exec('copy t from stdin')).rejects.toThrow()
    await expect(backend.exec('select 1')).rejects.toThrow('the embedded PostgreSQL has ended')
  })
})
