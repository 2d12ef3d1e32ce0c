import { drizzle } from 'drizzle-orm/node-postgres'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import pg from 'pg'
import { afterAll, beforeAll, describe, inject, it } from 'vitest'
import { CREATE_FUNCTION } from '../../src/postgres/statements/shells.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { testCircuitStorage } from '../../src/testing/index.ts'
import { openPglite } from '../support/pglite.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { pushSchema, TABLES } from './support.ts'

/** A server whose clock can be moved on: unqualified, `clock_timestamp()` is found in the first schema of the search path. */
const MOVABLE_CLOCK = `
  create schema rc_clock;
  create table rc_clock.ahead as select interval '0' as by;
  create function rc_clock.clock_timestamp() returns timestamptz language sql volatile as
    $$ select pg_catalog.clock_timestamp() + by from rc_clock.ahead $$`

describe('DrizzleStorage on PGlite, tables only', async () => {
  const client = await openPglite()
  await client.exec(TABLES)
  const storage = new DrizzleStorage(drizzlePglite({ client }))
  afterAll(() => client.close())
  testCircuitStorage({ describe, it }, async () => ({ storage, close: async () => {} }))
})

describe.each([
  { shell: 'tables only', install: '' },
  { shell: 'function', install: CREATE_FUNCTION },
])('DrizzleStorage on node-postgres, $shell', ({ install }) => {
  let database: TestDatabase
  let pool: pg.Pool

  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'), 'conformance')
    await pushSchema(database.url)
    pool = new pg.Pool({ connectionString: database.url, max: 12, options: '-c search_path=rc_clock,public,pg_catalog' })
    await pool.query(`${MOVABLE_CLOCK}; ${install}`)
  })
  afterAll(async () => {
    await pool.end()
    await database.drop()
  })

  describe('on the clock of the server', () => {
    testCircuitStorage({ describe, it }, async () => ({
      storage: new DrizzleStorage(drizzle({ client: pool })),
      close: async () => {},
    }))
  })

  describe('on a clock that moves', () => {
    testCircuitStorage({ describe, it }, async () => ({
      storage: new DrizzleStorage(drizzle({ client: pool })),
      advance: (ms) => pool.query(`update rc_clock.ahead set by = by + $1 * interval '1 ms'`, [ms]).then(() => {}),
      close: async () => {},
    }))
  })
})
