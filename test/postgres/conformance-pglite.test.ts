import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import { afterAll, describe, it } from 'vitest'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { testCircuitStorage } from '../../src/testing/index.ts'
import { openPglite } from '../support/pglite.ts'
import { TABLES } from './support.ts'

describe('DrizzleStorage on PGlite, tables only', async () => {
  const client = await openPglite()
  await client.exec(TABLES)
  const storage = new DrizzleStorage(drizzlePglite({ client }))
  afterAll(() => client.close())
  testCircuitStorage({ describe, it }, async () => ({ storage, close: async () => {} }))
})
