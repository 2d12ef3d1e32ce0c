import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { migrate } from '../../src/postgres/migrate.ts'
import { ORIGINAL_SCHEMAS } from '../postgres/original.ts'
import { type Databases, openDatabase } from './databases.ts'
import { cli } from './terminal.ts'

let database: Databases
beforeEach(async () => {
  database = await openDatabase(inject('postgresUrl'))
})
afterEach(() => database[Symbol.asyncDispose]())

interface Finding {
  readonly check: string
  readonly level: string
  readonly says: string
  readonly advice?: string
}

async function python(url = database.url, ...argv: string[]): Promise<Finding | undefined> {
  const env = { DATABASE_URL: url }
  const { out } = await cli(['doctor', '--json', ...argv], { env })
  return (JSON.parse(out) as Finding[]).find(({ check }) => check === 'Python library')
}

describe('what doctor says of the Python library', () => {
  it('is nothing where there is no trace of it', async () => {
    await migrate(database.url)
    expect(await python()).toBeUndefined()
    const open = await cli(['open', 'ours'], { env: { DATABASE_URL: database.url } })
    expect(open.code).toBe(0)
    expect(await python()).toBeUndefined()
  })

  it.each(Object.entries(ORIGINAL_SCHEMAS))('is said of a table of %s', async (_, schema) => {
    await database.query(schema)
    await migrate(database.url)
    expect(await python()).toEqual({
      check: 'Python library',
      level: 'ok',
      says: 'its processes with this role share the table',
    })
  })

  it('is said once it has written a row, which is all that 0.8 does', async () => {
    await migrate(database.url)
    await database.query(
      `insert into rc_circuit_breakers (resource_key, namespace, state, execution_log)
        values ('theirs', 'default', 'CLOSED', '[true]')`,
    )
    expect((await python())?.level).toBe('ok')
  })

  it('names all that a role lacks, for each version; its advice is right', async () => {
    await database.query(ORIGINAL_SCHEMAS['its runtime'])
    await migrate(database.url)
    const { name, url } = database.stranger
    await database.query(
      `grant select, insert on rc_circuit_breakers, rc_circuit_transitions to ${name}`,
    )
    const found = await python(url)
    expect(found).toMatchObject({
      level: 'note',
      says: 'every version of it stays in memory, for the role may not update, delete; up to 0.7 it stays in memory, for the role does not own the table, and may not create in the schema public',
    })
    const [rights, ...rest] = found!.advice!.split('\n')
    await database.query(rights!)
    expect((await python(url))?.says).toBe(
      'up to 0.7 it stays in memory, for the role does not own the table, and may not create in the schema public; 0.8 shares the table',
    )
    for (const line of rest) await database.query(line.split(' -- ')[0]!)
    expect((await python(url))?.level).toBe('ok')
    await database.query(`revoke postgres from ${name}`)
  })

  it('tells that 0.5 to 0.7 look in one schema alone', async () => {
    await migrate(database.url, { schema: 'breakers' })
    await database.query(
      `insert into breakers.rc_circuit_breakers (resource_key, state) values ('theirs', 'CLOSED')`,
    )
    const found = await python(database.url, '--schema', 'breakers')
    expect(found).toMatchObject({
      level: 'note',
      says: '0.5 to 0.7 look for the table in the schema public alone; 0.8 shares the table',
    })
    expect(found?.advice).toBeUndefined()
  })
})
