import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { application, drizzleKit, ROOT } from './kit.ts'

const NOTHING = /No changes detected/

let database: TestDatabase
let client: pg.Client
const names = async (text: string) => (await client.query(text)).rows.map(({ name }) => name)
const functions = () =>
  names("select proname as name from pg_proc where proname like 'rc\\_exchange%'")

beforeEach(async () => {
  database = await createDatabase(inject('postgresUrl'), 'kit')
  // drizzle-kit reads the columns of a key in the order in which the planner happens to give them, and makes the key anew where that is
  // not ours. A hash join gives ours.
  client = new pg.Client(database.url)
  await client.connect()
  const name = new URL(database.url).pathname.slice(1)
  await client.query(
    `alter database "${name}" set enable_nestloop = off; alter database "${name}" set enable_mergejoin = off`,
  )
})
afterEach(async () => {
  await client.end()
  await database.drop()
})

/** One breaker, opened by its third failure. */
async function works() {
  const storage = new DrizzleStorage(drizzle({ client }))
  const settings = resolveSettings({ failureLimit: fraction(3, 3) })
  const id = { resourceKey: `payments ${Math.random()}`, namespace: 'default' }
  const report = {
    generation: 0,
    flushId: 1,
    since: null,
    outcomes: '111',
    tokens: [],
    released: [],
    retryAfterMs: null,
    trip: false,
  }
  const [answer] = await storage.exchange([
    { ...id, report: { ...report, wouldReject: 0, settings } },
  ])
  expect(answer).toMatchObject({
    verdict: 'counted',
    snapshot: { status: 'OPEN' },
    transitions: [{ cause: 'failure_limit' }],
  })
  expect((await storage.acquire({ ...id, settings, leaseMs: 1_000 })).verdict).toBe('rejected')
}

describe('drizzle-kit in a database of our own', () => {
  it('push makes tables that the library works on, and then finds nothing to change', async () => {
    expect(await drizzleKit(ROOT, database.url, 'push')).toMatchObject({
      code: 0,
      text: expect.stringMatching(/Changes applied/),
    })
    expect(await functions()).toEqual([])
    await works()
    expect(await drizzleKit(ROOT, database.url, 'push')).toMatchObject({
      code: 0,
      text: expect.stringMatching(NOTHING),
    })
  })

  it('migrate adds the function, alternates with ours, and leaves push nothing to change', async () => {
    expect(await drizzleKit(ROOT, database.url, 'migrate')).toMatchObject({
      code: 0,
      text: expect.stringMatching(/applied successfully/),
    })
    expect(await functions()).toEqual([FUNCTION_NAME])
    expect((await migrate(client)).applied).toEqual([])
    expect((await drizzleKit(ROOT, database.url, 'migrate')).code).toBe(0)
    expect(await names('select created_at::int as name from drizzle.__drizzle_migrations')).toEqual(
      [1, 2, 3, 4, 5, 6],
    )
    await works()
    expect(await drizzleKit(ROOT, database.url, 'push', '--force')).toMatchObject({
      code: 0,
      text: expect.stringMatching(NOTHING),
    })
  })

  it('migrate has nothing to do after ours', async () => {
    await migrate(client)
    expect((await drizzleKit(ROOT, database.url, 'migrate')).code).toBe(0)
    expect(await names('select created_at::int as name from drizzle.__drizzle_migrations')).toEqual(
      [1, 2, 3, 4, 5, 6],
    )
  })

  it('migrate takes up what push made', async () => {
    await drizzleKit(ROOT, database.url, 'push')
    expect((await drizzleKit(ROOT, database.url, 'migrate')).code).toBe(0)
    expect(await functions()).toEqual([FUNCTION_NAME])
  })

  it('generate finds the migrations complete', async () => {
    const before = await readdir(join(ROOT, 'drizzle'))
    expect(await drizzleKit(ROOT, database.url, 'generate')).toMatchObject({
      code: 0,
      text: expect.stringMatching(/nothing to migrate/),
    })
    expect(await readdir(join(ROOT, 'drizzle'))).toEqual(before)
  })
})

const OBJECTS = `
  create type mood as enum ('sad', 'ok');
  create sequence invoice_numbers;
  create table orders (id integer primary key, note text not null, mood mood not null default 'ok');
  insert into orders values (1, 'first');
  create view open_orders as select id from orders;`

const SCHEMA = `
  import { integer, pgEnum, pgSequence, pgTable, pgView, text } from 'drizzle-orm/pg-core'
  export { circuitBreakers, circuitTransitions } from 'resilient-circuit/postgres'
  export const mood = pgEnum('mood', ['sad', 'ok'])
  export const invoiceNumbers = pgSequence('invoice_numbers')
  export const orders = pgTable('orders', { id: integer('id').primaryKey(), note: text('note').notNull(), mood: mood('mood').notNull().default('ok') })
  export const openOrders = pgView('open_orders').as((qb) => qb.select({ id: orders.id }).from(orders))`

const CONFIG = `
  import { defineConfig } from 'drizzle-kit'
  export default defineConfig({ dialect: 'postgresql', schema: './schema.ts', dbCredentials: { url: process.env['DATABASE_URL'] } })`

describe("drizzle-kit in an application's database", () => {
  const objects = () =>
    names(`select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'S') and relname !~ '^rc_'
      union all select typname from pg_type where typtype = 'e' order by 1`)
  const ALL = ['invoice_numbers', 'mood', 'open_orders', 'orders']

  beforeEach(async () => {
    await client.query(OBJECTS)
  })

  it('push of a schema file that re-exports our tables keeps everything', async () => {
    await using app = await application({ 'schema.ts': SCHEMA, 'drizzle.config.ts': CONFIG })
    expect(await drizzleKit(app.dir, database.url, 'push', '--force')).toMatchObject({
      code: 0,
      text: expect.stringMatching(/Changes applied/),
    })
    expect(await objects()).toEqual(ALL)
    expect(await names('select note as name from orders')).toEqual(['first'])
    await works()
    expect(await drizzleKit(app.dir, database.url, 'push', '--force')).toMatchObject({
      text: expect.stringMatching(NOTHING),
    })
    expect(await objects()).toEqual(ALL)

    // The function can be added at any time.
    expect((await migrate(client)).applied).toHaveLength(6)
    await works()
    expect(await drizzleKit(app.dir, database.url, 'push', '--force')).toMatchObject({
      text: expect.stringMatching(NOTHING),
    })
    expect(await functions()).toEqual([FUNCTION_NAME])
  })

  it('our own migrate keeps everything', async () => {
    await migrate(client)
    await works()
    expect(await objects()).toEqual(ALL)
    expect(await names('select note as name from orders')).toEqual(['first'])
  })

  it('push with our own configuration would not: foreign tables and views stay, sequences and unused enums go', async () => {
    await client.query('alter table orders alter mood drop default, alter mood type text')
    const { text } = await drizzleKit(ROOT, database.url, 'push', '--force')
    expect(text).toMatch(/Changes applied/)
    expect(await objects()).toEqual(['open_orders', 'orders'])
  })
})

describe('drizzle-kit with our tables in a schema of their own', () => {
  const IN_SCHEMA = `
  import { schemaIn } from 'resilient-circuit/postgres'
  export const { circuitSchema, circuitBreakers, circuitTransitions } = schemaIn('breakers')`

  it('generate writes the schema, and push makes it', async () => {
    await using app = await application({
      'schema.ts': IN_SCHEMA,
      'drizzle.config.ts': CONFIG.replace(
        "schema: './schema.ts',",
        "schema: './schema.ts', schemaFilter: ['breakers'],",
      ),
    })
    expect(await drizzleKit(app.dir, database.url, 'generate')).toMatchObject({ code: 0 })
    const folder = join(app.dir, 'drizzle')
    const [file] = (await readdir(folder)).filter((name) => name.endsWith('.sql'))
    expect(await readFile(join(folder, file!), 'utf8')).toContain('CREATE SCHEMA "breakers";')
    expect(await drizzleKit(app.dir, database.url, 'push', '--force')).toMatchObject({
      code: 0,
      text: expect.stringMatching(/Changes applied/),
    })
    const storage = new DrizzleStorage(drizzle({ client }), { schema: 'breakers' })
    const id = { resourceKey: 'api', namespace: 'default' }
    const command = { order: { command: 'reset' }, actor: 'test', reason: null } as const
    expect(await storage.control({ ...id, command })).toMatchObject({ verdict: 'commanded' })
  })
})

describe("an application's own configuration that does not know our tables", () => {
  const OWN = `
  import { integer, pgTable } from 'drizzle-orm/pg-core'
  export const orders = pgTable('orders', { id: integer('id').primaryKey() })`
  const ours = () =>
    names(
      "select relname as name from pg_class where relkind = 'r' and relname ~ '^rc_' order by 1",
    )

  it.each<[string, string, string[]]>([
    ['drops them with push --force', '', []],
    [
      'keeps them with the tablesFilter of the documentation',
      "tablesFilter: ['!rc_circuit_*'],",
      ['rc_circuit_breakers', 'rc_circuit_transitions'],
    ],
  ])('%s', async (_, filter, left) => {
    await migrate(client)
    await works()
    // drizzle-kit asks whether a new table is an old one renamed; with nobody to answer it would stop there.
    await client.query('create table orders (id integer primary key)')
    await using app = await application({
      'schema.ts': OWN,
      'drizzle.config.ts': CONFIG.replace(
        "schema: './schema.ts',",
        `schema: './schema.ts', ${filter}`,
      ),
    })
    expect((await drizzleKit(app.dir, database.url, 'push', '--force')).code).toBe(0)
    expect(await ours()).toEqual(left)
    if (left.length > 0) await works()
    const said = await readFile(join(ROOT, 'README.md'), 'utf8')
    expect(said).toContain("tablesFilter: ['!rc_circuit_*']")
  })
})
