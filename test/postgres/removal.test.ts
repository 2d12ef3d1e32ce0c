import pg from 'pg'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { type NodePostgresStorage, nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { pushSchema } from './support.ts'

let database: TestDatabase
let client: pg.Client
let storage: NodePostgresStorage

beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'), 'removal')
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

const idOf = (resourceKey: string) => ({ resourceKey, namespace: 'default' })
const remove = (resourceKey: string) =>
  storage.remove({ ...idOf(resourceKey), actor: null, reason: null })
const insert = (resourceKey: string) =>
  client.query('insert into rc_circuit_breakers (resource_key) values ($1)', [resourceKey])

it('a row that a trigger keeps is no removed breaker, and no breaker that is not there', async () => {
  await insert('kept')
  await client.query(`
    create function keep() returns trigger language plpgsql as 'begin return null; end';
    create trigger keep before delete on rc_circuit_breakers for each row
      when (old.resource_key = 'kept') execute function keep()`)
  await expect(remove('kept')).rejects.toMatchObject({ code: 'NOT_WRITTEN' })
  expect(await remove('not there')).toBe(false)
})

it('goes on in the audit log from what we wrote last, whatever another program has written since', async () => {
  const command = { order: { command: 'open', cooldownMs: [60_000] } } as const
  await storage.control({ ...idOf('k'), command: { ...command, actor: null, reason: null } })
  await client.query(`update rc_circuit_breakers set state = 'CLOSED' where resource_key = 'k'`)
  expect(await remove('k')).toBe(true)
  const { items } = await storage.history({ resourceKey: 'k' })
  expect(items.map(({ from, to, cause }) => [from, to, cause])).toEqual([
    ['OPEN', 'CLOSED', 'removed'],
    ['CLOSED', 'OPEN', 'opened'],
  ])
})

it('is refused to a role that may not delete', async () => {
  await insert('theirs')
  const role = `writer_${new URL(database.url).pathname.slice(1)}`
  await client.query(`create role ${role} login password 'writes';
    grant select, insert, update on rc_circuit_breakers, rc_circuit_transitions to ${role}`)
  const url = Object.assign(new URL(database.url), { username: role, password: 'writes' })
  const writer = nodePostgresStorage(url.href)
  const request = { ...idOf('theirs'), actor: null, reason: null }
  try {
    await expect(writer.remove(request)).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
  } finally {
    await writer.close()
    await client.query(`drop owned by ${role}; drop role ${role}`)
  }
  expect((await storage.history({ resourceKey: 'theirs' })).items).toEqual([])
  expect(await remove('theirs')).toBe(true)
})
