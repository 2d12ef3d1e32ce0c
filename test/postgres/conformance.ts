import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type LocalNeon, startLocalNeon } from '../../src/local/index.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { DO_BLOCK } from '../../src/postgres/statements/block.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { testCircuitStorage } from '../../src/testing/index.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { pushSchema } from './support.ts'

/** A clock that can be moved on, for connections that find it before the server's own. */
const MOVABLE_CLOCK = `
  create schema rc_clock;
  create table rc_clock.ahead as select interval '0' as by;
  create function rc_clock.clock_timestamp() returns timestamptz language sql volatile as
    $$ select pg_catalog.clock_timestamp() + by from rc_clock.ahead $$`

/** @param install - statements that install what the shell needs beside the tables */
export function testConformance(shell: 'tables only' | 'function', install: string): void {
  describe(`DrizzleStorage on PostgreSQL, ${shell}`, () => {
    let database: TestDatabase

    beforeAll(async () => {
      database = await createDatabase(inject('postgresUrl'), 'conformance')
      await pushSchema(database.url)
      const client = new pg.Client(database.url)
      await client.connect()
      await client.query(`${MOVABLE_CLOCK}; ${install}`)
      await client.end()
    })
    afterAll(() => database.drop())

    describe('through node-postgres', () => {
      const sent = new Set<string>()
      let pool: pg.Pool
      let storage: DrizzleStorage

      beforeAll(async () => {
        pool = new pg.Pool({ connectionString: database.url, max: 12 })
        storage = new DrizzleStorage(
          drizzle({ client: pool, logger: { logQuery: (text) => void sent.add(text) } }),
        )
        // Its first answer tells it whether there is a function to call.
        await storage.exchange([{ resourceKey: 'any', namespace: 'default' }])
      })
      afterAll(() => pool.end())

      testCircuitStorage({ describe, it }, async () => ({ storage, close: async () => {} }))

      it(`writes by the ${shell === 'function' ? 'function' : 'block'} alone`, () => {
        const calls = [...sent].filter((text) => text.startsWith(`select ${FUNCTION_NAME}(case`))
        expect([calls.length, sent.has(DO_BLOCK)]).toEqual(
          shell === 'function' ? [1, false] : [0, true],
        )
      })

      it(
        shell === 'function' ? 'reads by the function once it knows of it' : 'reads by a statement',
        () => {
          const reads = [...sent].filter((text) => text.startsWith(`select ${FUNCTION_NAME}($`))
          expect(reads.length).toBe(shell === 'function' ? 1 : 0)
        },
      )
    })

    describe('through node-postgres, on a clock that moves', () => {
      let pool: pg.Pool
      let storage: DrizzleStorage

      beforeAll(() => {
        pool = new pg.Pool({
          connectionString: database.url,
          max: 12,
          options: '-c search_path=public,rc_clock,pg_catalog',
        })
        storage = new DrizzleStorage(drizzle({ client: pool }))
      })
      afterAll(() => pool.end())

      testCircuitStorage({ describe, it }, async () => ({
        storage,
        advance: (ms) =>
          pool
            .query(`update rc_clock.ahead set by = by + $1 * interval '1 ms'`, [ms])
            .then(() => {}),
        close: async () => {},
      }))
    })

    describe('through Neon’s driver', () => {
      let local: LocalNeon
      let storage: DrizzleStorage

      beforeAll(async () => {
        local = await startLocalNeon({ databaseUrl: database.url, migrate: false })
        storage = neonStorage(local.databaseUrl, { fetchEndpoint: local.fetchEndpoint })
      })
      afterAll(() => local.close())

      testCircuitStorage({ describe, it }, async () => ({ storage, close: async () => {} }))
    })
  })
}
