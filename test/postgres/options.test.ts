import { describe, expect, it } from 'vitest'
import { InvalidOptionError } from '../../src/core/errors.ts'
import { createStorage as edgeStorage } from '../../src/env/edge.ts'
import { createStorage } from '../../src/env/node.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { neonStorage as neonFetchStorage } from '../../src/postgres/neon-fetch.ts'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { schemaIn } from '../../src/postgres/schema.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'

const NEON = 'postgres://u:s3cret@h.neon.tech/db'
const anything = (value: unknown) => value as never

const SCHEMAS: readonly unknown[] = [['public'], null, 7, true, {}, '', 'a-b', new String('public')]
const TAKES_SCHEMA: readonly [string, (schema: never) => unknown][] = [
  ['DrizzleStorage', (schema) => new DrizzleStorage(anything({ execute() {} }), { schema })],
  ['neonStorage', (schema) => neonStorage(NEON, { schema })],
  ['neonStorage of neon-fetch', (schema) => neonFetchStorage(NEON, { schema })],
  ['nodePostgresStorage', (schema) => nodePostgresStorage(NEON, { schema })],
  ['createStorage', (schema) => createStorage({ DATABASE_URL: NEON }, { schema })],
  ['createStorage for the edge', (schema) => edgeStorage({ DATABASE_URL: NEON }, { schema })],
  ['schemaIn', (schema) => schemaIn(schema)],
]

describe.each(TAKES_SCHEMA)('%s', (_, make) => {
  it.each(SCHEMAS)('refuses %j as a schema', (schema) => {
    expect(() => make(anything(schema))).toThrow(
      /^schema must be a name of letters, digits and underscores/,
    )
  })
})

it.each(SCHEMAS)('migrate refuses %j as a schema', async (schema) => {
  await expect(migrate(undefined, { schema: anything(schema), dryRun: true })).rejects.toThrow(
    /^schema must be a name of letters/,
  )
})

const URLS: readonly unknown[] = [undefined, null, 7, '', [NEON], new URL(NEON), {}, () => NEON]

describe.each([
  ['neonStorage', neonStorage],
  ['neonStorage of neon-fetch', neonFetchStorage],
  ['nodePostgresStorage', nodePostgresStorage],
])('%s', (_, make) => {
  it.each(URLS.map((url) => [url]))('refuses %s as a URL', (url) => {
    expect(() => make(anything(url))).toThrow(InvalidOptionError)
    expect(() => make(anything(url))).toThrow(/^(?!.*s3cret)url must be a Postgres URL/)
  })
})

it.each([undefined, null, {}, 'postgres://u:p@h/db', 7])(
  'DrizzleStorage refuses %s as a database',
  (db) => {
    expect(() => new DrizzleStorage(anything(db))).toThrow(/^db must be a Drizzle database/)
  },
)
