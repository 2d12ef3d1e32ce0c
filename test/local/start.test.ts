import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, inject, it } from 'vitest'
import { importOptional } from '../../src/local/errors.ts'
import { LocalNeonError, startLocalNeon } from '../../src/local/index.ts'
import { createDatabase } from '../support/postgres.ts'
import { ask, post } from './endpoints.ts'

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

describe('startLocalNeon', () => {
  it('listens on a free port of 127.0.0.1, each endpoint on its own', async () => {
    const [one, two] = await Promise.all([
      startLocalNeon({ databaseUrl: inject('postgresUrl') }),
      startLocalNeon({ databaseUrl: inject('postgresUrl') }),
    ])
    expect(one.fetchEndpoint).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/sql$/)
    expect(two.fetchEndpoint).not.toBe(one.fetchEndpoint)
    await Promise.all([one.close(), two.close()])
  })

  it('gives the URL of a given PostgreSQL as it is', async () => {
    await using db = await startLocalNeon({ databaseUrl: inject('postgresUrl') })
    expect(db.databaseUrl).toBe(inject('postgresUrl'))
  })

  it('gives an embedded PostgreSQL a URL with its own host and port', async () => {
    const port = await freePort()
    await using db = await startLocalNeon({ port })
    expect(db.databaseUrl).toBe(`postgres://postgres:local@127.0.0.1:${port}/postgres`)
    expect(db.fetchEndpoint).toBe(`http://127.0.0.1:${port}/sql`)
  })

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['::', '[::1]'],
    ['::1', '[::1]'],
    ['localhost', 'localhost'],
  ])('listens on %s and can be called at %s', async (host, called) => {
    await using db = await startLocalNeon({ databaseUrl: inject('postgresUrl'), host })
    expect(new URL(db.fetchEndpoint).hostname).toBe(called)
    expect((await post(db, { body: { query: 'select 1' } })).status).toBe(200)
  })

  it('keeps the data of an embedded PostgreSQL in a folder where it is told to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'local-neon-'))
    try {
      const dataDir = join(folder, 'data')
      {
        await using db = await startLocalNeon({ dataDir })
        await ask(db, { query: 'create table kept as select 1 as n' })
      }
      await using db = await startLocalNeon({ dataDir })
      expect(await ask(db, { query: 'select n from kept' })).toMatchObject({ rows: [['1']] })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('no longer answers once it is closed, and may be closed twice', async () => {
    const db = await startLocalNeon({ databaseUrl: inject('postgresUrl') })
    await ask(db, { query: 'select 1' })
    await Promise.all([db.close(), db.close()])
    await db.close()
    await expect(post(db, { body: { query: 'select 1' } })).rejects.toThrow('fetch failed')
  })

  it.each([
    [{ port: -1 }, 'port must be a whole number from 0 to 65535; got -1'],
    [{ port: 65_536 }, 'port must be a whole number from 0 to 65535; got 65536'],
    [{ port: 1.5 }, 'port must be a whole number from 0 to 65535; got 1.5'],
    [{ port: Number.NaN }, 'port must be a whole number from 0 to 65535; got NaN'],
    [{ host: '' }, 'host must be a name or an address; got ""'],
    [
      { databaseUrl: 'postgres://u:p@h/db', dataDir: 'x' },
      'dataDir must be left out where databaseUrl is given; got "x"',
    ],
  ])('refuses %j', async (options, message) => {
    await expect(startLocalNeon(options)).rejects.toMatchObject({
      name: 'InvalidOptionError',
      code: 'INVALID_OPTION',
      message,
    })
  })

  it.each([
    '',
    'secret',
    'mysql://u:secret@localhost/db',
    'postgres://u:secret@localhost',
    'postgres://u:secret@localhost/',
    'postgres://:secret@localhost/db',
    'postgres://u:secret@/db',
    'postgres://u:secret@localhost:99999/db',
    'postgres://u:secret%@localhost/db',
  ])('refuses the URL %j without showing it', async (databaseUrl) => {
    await expect(startLocalNeon({ databaseUrl })).rejects.toMatchObject({
      name: 'InvalidOptionError',
      option: 'databaseUrl',
      message: 'databaseUrl must be postgres://user:password@host:port/database; got "[hidden]"',
    })
  })

  it('says which PostgreSQL cannot be used and why, and never its password', async () => {
    const port = await freePort()
    const nobody = await startLocalNeon({
      databaseUrl: `postgres://u:secret@127.0.0.1:${port}/db`,
    }).catch((error) => error)
    expect(nobody).toBeInstanceOf(LocalNeonError)
    expect(nobody).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: `PostgreSQL at 127.0.0.1:${port} cannot be used: connect ECONNREFUSED 127.0.0.1:${port}`,
    })

    const url = new URL(inject('postgresUrl'))
    url.pathname = '/missing_database'
    const missing = await startLocalNeon({ databaseUrl: url.href }).catch((error) => error)
    expect(missing).toMatchObject({
      code: 'DATABASE_UNREACHABLE',
      message: `PostgreSQL at ${url.host} cannot be used: database "missing_database" does not exist`,
      cause: { code: '3D000' },
    })
  })

  it('leaves no connection open where the port is taken', async () => {
    const database = await createDatabase(inject('postgresUrl'), 'start')
    {
      await using db = await startLocalNeon({ databaseUrl: database.url })
      const port = Number(new URL(db.fetchEndpoint).port)
      await expect(startLocalNeon({ databaseUrl: database.url, port })).rejects.toMatchObject({
        code: 'EADDRINUSE',
      })
      const query = 'select count(*) from pg_stat_activity where datname = current_database()'
      await expect.poll(() => ask(db, { query })).toMatchObject({ rows: [['1']] })
    }
    await database.drop()
  })
})

describe('an optional package', () => {
  it('is named by the error where it is not installed', async () => {
    const missing = new Error("Cannot find package 'pg'")
    await expect(importOptional('pg', () => Promise.reject(missing))).rejects.toMatchObject({
      name: 'LocalNeonError',
      code: 'MISSING_PACKAGE',
      message: 'startLocalNeon() needs the package pg: npm install --save-dev pg',
      cause: missing,
    })
  })
})
