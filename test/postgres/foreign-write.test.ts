import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type NodePostgresStorage, nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { pushSchema } from './support.ts'

describe('an end of an open that is no instant', () => {
  let database: TestDatabase
  let client: pg.Client
  let storage: NodePostgresStorage

  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'), 'foreign')
    await pushSchema(database.url)
    client = new pg.Client(database.url)
    await client.connect()
    storage = nodePostgresStorage(database.url)
  })
  afterAll(async () => {
    await storage.close()
    await client.end()
    await database.drop()
  })

  it.each([
    ['infinity', 86_400_000],
    ['-infinity', 0],
    [null, 0],
  ])('%s, written by hand, opens for %d ms', async (until, retryAfterMs) => {
    const resourceKey = `until ${until}`
    await client.query(
      "insert into rc_circuit_breakers (resource_key, state, open_until) values ($1, 'OPEN', $2)",
      [resourceKey, until],
    )
    expect((await storage.list({ search: resourceKey })).items).toMatchObject([{ status: 'OPEN' }])
    const [answer] = await storage.exchange([{ resourceKey, namespace: 'default' }])
    expect(answer).toMatchObject({
      snapshot: { status: 'OPEN', retryAfterMs },
      transitions: [{ from: 'CLOSED', to: 'OPEN', cause: 'foreign' }],
    })
  })
})
