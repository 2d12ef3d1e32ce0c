import { isDeepStrictEqual } from 'node:util'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { plainReport } from '../support/plain-report.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { ORIGINAL_SCHEMAS } from './original.ts'
import { pushSchema } from './support.ts'

/** By breaker; none of them trips here. */
const RULES = {
  'by calls': resolveSettings({ failureLimit: fraction(1_000, 1_000) }),
  'by time': resolveSettings({
    failureLimit: failureRate(1, { over: '1h', minimumThroughput: 1_000 }),
  }),
}

describe.each([
  { made: 'by migrate', make: (url: string) => migrate(url) },
  { made: 'as tables alone', make: pushSchema },
  {
    made: 'by the command line of the Python library, then upgraded',
    make: async (url: string) => {
      const client = new pg.Client(url)
      await client.connect()
      await client.query(ORIGINAL_SCHEMAS['its command line, then its runtime'])
      await migrate(client)
      await client.end()
    },
  },
])('a table made $made', ({ make }) => {
  let database: TestDatabase
  beforeEach(async () => {
    database = await createDatabase(inject('postgresUrl'), 'hot')
    await make(database.url)
  })
  afterEach(() => database.drop())

  /** How many of a thousand updates stay in their page depends on when PostgreSQL cleans it; what lets them stay does not. */
  it('has no index on a column that counting changes, and keeps half of each page free', async () => {
    const client = new pg.Client(database.url)
    await client.connect()
    const rows = async (text: string) => (await client.query(text)).rows
    try {
      const storage = new DrizzleStorage(drizzle({ client }))
      const changed = new Set<string>()
      // Within one transaction PostgreSQL tells its counts at once.
      await client.query('begin')
      for (const [resourceKey, settings] of Object.entries(RULES)) {
        const row = async () =>
          (await rows(`select * from rc_circuit_breakers where resource_key = '${resourceKey}'`))[0]
        const count = async (flushId: number, since: number | null) => {
          const report = plainReport('01', flushId, since, settings)
          const [answer] = await storage.exchange([{ resourceKey, namespace: 'default', report }])
          expect(answer!.verdict).toBe('counted')
          return row()
        }
        let before = await count(1, null)
        for (const flushId of [2, 3]) {
          const after = await count(flushId, flushId - 1)
          for (const name of Object.keys(after))
            if (!isDeepStrictEqual(after[name], before[name])) changed.add(name)
          before = after
        }
      }
      const [counted] = await rows(
        "select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_xact_user_tables where relname = 'rc_circuit_breakers'",
      )
      await client.query('commit')

      expect([...changed]).toEqual(expect.arrayContaining(['log', 'version', 'bucket_failures']))
      const indexed = await rows(
        "select distinct attname as name from pg_index join pg_attribute on attrelid = indrelid and attnum = any(indkey) where indrelid = 'rc_circuit_breakers'::regclass",
      )
      expect(indexed.map(({ name }) => name).filter((name) => changed.has(name))).toEqual([])
      expect(
        await rows("select reloptions from pg_class where oid = 'rc_circuit_breakers'::regclass"),
      ).toEqual([{ reloptions: ['fillfactor=50'] }])
      expect(counted.all).toBeGreaterThanOrEqual(4)
      expect(counted.hot).toBe(counted.all)
    } finally {
      await client.end()
    }
  })
})
