import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { plainReport } from '../support/plain-report.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { ORIGINAL_SCHEMAS } from './original.ts'
import { pushSchema } from './support.ts'

const UPDATES = 1_000
const settings = resolveSettings({ failureLimit: fraction(1_000, 1_000) })
const id = { resourceKey: 'payments', namespace: 'default' }

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

  it('keeps nine in ten updates and more within their page', async () => {
    const writer = new pg.Client(database.url)
    await writer.connect()
    const storage = new DrizzleStorage(drizzle({ client: writer }))
    let since: number | null = null
    for (let flushId = 1; flushId <= UPDATES; flushId++) {
      const outcomes = flushId % 3 === 0 ? '1' : '00'
      const [answer] = await storage.exchange([
        { ...id, report: plainReport(outcomes, flushId, since, settings) },
      ])
      expect(answer!.verdict).toBe('counted')
      since = flushId
    }
    // A backend reports its counts when it ends.
    await writer.end()

    const reader = new pg.Client(database.url)
    await reader.connect()
    const counted = await vi.waitFor(async () => {
      const { rows } = await reader.query(
        "select n_tup_upd::int as all, n_tup_hot_upd::int as hot from pg_stat_user_tables where relname = 'rc_circuit_breakers'",
      )
      expect(rows[0].all).toBeGreaterThanOrEqual(UPDATES)
      return rows[0]
    }, 10_000)
    await reader.end()
    expect(counted.hot / counted.all).toBeGreaterThan(0.9)
  })
})
