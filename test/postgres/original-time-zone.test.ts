import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { migrate } from '../../src/postgres/migrate.ts'
import { cli } from '../cli/terminal.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { ORIGINAL_SCHEMAS } from './original.ts'

const ZONE = { originalTimeZone: 'Asia/Tokyo' }
const LATER_TABLE = `create table rc_circuit_breakers (resource_key varchar(255) not null,
  state varchar(50) not null, failure_count integer not null default 0, open_until timestamptz,
  execution_log jsonb, created_at timestamptz default now(), updated_at timestamptz default now(),
  namespace varchar(255) not null default 'default', primary key (resource_key, namespace))`
/** What a process since 0.5 does at its start to a table of 0.4. */
const LATER_START = `alter table rc_circuit_breakers alter column open_until type timestamptz
  using open_until at time zone current_setting('TimeZone')`

let database: TestDatabase
let client: pg.Client

beforeEach(async () => {
  database = await createDatabase(inject('postgresUrl'), 'zone')
  client = new pg.Client(database.url)
  await client.connect()
})
afterEach(async () => {
  await client.end()
  await database.drop()
})

const typeOf = async (column: string) => {
  const { rows } = await client.query(
    `select atttypid::regtype::text as type from pg_attribute
      where attrelid = to_regclass('rc_circuit_breakers') and attname = $1`,
    [column],
  )
  return rows[0]?.type
}

describe('a time zone for the times of the Python library', () => {
  it.each([
    ['changed a table of 0.4', `${ORIGINAL_SCHEMAS['its runtime']}; ${LATER_START}`],
    ['made the table', LATER_TABLE],
  ])('is refused where a process since 0.5 has %s, and nothing is changed', async (_, made) => {
    await client.query(made)
    await expect(migrate(database.url, ZONE)).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      option: 'originalTimeZone',
      message: expect.stringMatching(/left out where open_until has a time zone already/),
    })
    await expect(migrate(client, ZONE)).rejects.toMatchObject({ option: 'originalTimeZone' })
    const argv = ['pg-setup', '--yes', '--original-time-zone', 'Asia/Tokyo']
    expect(await cli(argv, { env: { DATABASE_URL: database.url } })).toMatchObject({
      code: 2,
      err: expect.stringContaining('left out where open_until has a time zone already'),
    })
    expect(await typeOf('own_state')).toBeUndefined()

    // Without it the table is upgraded as it is.
    await migrate(database.url)
    expect(await typeOf('own_state')).toBe('text')
    expect(await typeOf('created_at')).toBe('timestamp with time zone')
  })

  it('is taken where 0.4 left times without one, and when the upgrade is done again', async () => {
    await client.query(ORIGINAL_SCHEMAS['its runtime'])
    expect((await migrate(database.url, ZONE)).notices.join()).toContain('Asia/Tokyo')
    expect((await migrate(database.url, ZONE)).applied).toEqual([])
  })

  it('is taken where there is no table, and where the command line of 0.4 made it', async () => {
    await migrate(database.url, { ...ZONE, schema: 'fresh' })
    await client.query(ORIGINAL_SCHEMAS['its command line'])
    await migrate(database.url, ZONE)
    expect(await typeOf('own_state')).toBe('text')
  })

  it('is refused in a schema of its own, too', async () => {
    await client.query(`create schema other; set search_path = other; ${LATER_TABLE}`)
    await expect(migrate(database.url, { ...ZONE, schema: 'other' })).rejects.toMatchObject({
      option: 'originalTimeZone',
    })
  })
})
