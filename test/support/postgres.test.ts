import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { createDatabase, type TestDatabase } from './postgres.ts'

describe('the PostgreSQL of a test run', () => {
  let database: TestDatabase

  beforeEach(async () => {
    database = await createDatabase(inject('postgresUrl'), 'support')
  })
  afterEach(() => database.drop())

  it('serves 50 clients at once, each by a backend of its own', async () => {
    const clients = Array.from({ length: 50 }, () => new pg.Client(database.url))
    try {
      await Promise.all(clients.map((client) => client.connect()))
      const answers = await Promise.all(
        clients.map((client) => client.query<{ pid: number }>('select pg_backend_pid() as pid')),
      )
      expect(new Set(answers.map(({ rows }) => rows[0]?.pid)).size).toBe(50)
    } finally {
      await Promise.all(clients.map((client) => client.end()))
    }
  })

  it('keeps the lock of one session from another', async () => {
    const [holder, other] = [new pg.Client(database.url), new pg.Client(database.url)]
    await Promise.all([holder.connect(), other.connect()])
    try {
      await holder.query('create table t as select 1 as n')
      await holder.query('begin')
      await holder.query('select n from t for update')
      await expect(other.query('select n from t for update nowait')).rejects.toMatchObject({
        code: '55P03',
      })
      await holder.query('commit')
      expect((await other.query('select n from t for update nowait')).rows).toEqual([{ n: 1 }])
    } finally {
      await Promise.all([holder.end(), other.end()])
    }
  })

  it('gives each caller an empty database, even under one label', async () => {
    const other = await createDatabase(inject('postgresUrl'), 'support')
    expect(other.url).not.toBe(database.url)
    const client = new pg.Client(other.url)
    await client.connect()
    const { rows } = await client.query(
      "select count(*)::int as tables from pg_tables where schemaname = 'public'",
    )
    expect(rows).toEqual([{ tables: 0 }])
    await client.end()
    await other.drop()
  })

  it('drops a database that somebody is still connected to', async () => {
    const client = new pg.Client(database.url)
    client.on('error', () => {})
    await client.connect()
    await database.drop(0)
    await expect(new pg.Client(database.url).connect()).rejects.toMatchObject({ code: '3D000' })
  })
})
