import { readFileSync } from 'node:fs'
import { neon, neonConfig } from '@neondatabase/serverless'
import { drizzle as drizzleNeon } from 'drizzle-orm/neon-http'
import { drizzle as drizzlePg } from 'drizzle-orm/node-postgres'
import { drizzle as drizzlePglite } from 'drizzle-orm/pglite'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { functionMigration, functionName } from '../../.ci/write-function-migration.ts'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { startLocalNeon } from '../../src/local/index.ts'
import { type MigrationTarget, migrate } from '../../src/postgres/migrate.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { openPglite } from '../support/pglite.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { ORIGINAL_SCHEMAS } from './original.ts'

const ALL = [
  '0000_tables',
  '0001_function',
  '0002_execution_log',
  '0003_function',
  '0004_reporters',
  '0005_function',
]
const settings = resolveSettings({ failureLimit: fraction(1, 1) })
const FUNCTIONS =
  "select proname as name from pg_proc where proname like 'rc\\_exchange\\_%' order by 1"

let database: TestDatabase
let client: pg.Client
const query = async (text: string, values: unknown[] = []) =>
  (await client.query(text, values)).rows
const journal = () =>
  query('select created_at::int as when from drizzle.__drizzle_migrations order by id')

beforeEach(async () => {
  database = await createDatabase(inject('postgresUrl'), 'migrate')
  client = new pg.Client(database.url)
  await client.connect()
})
afterEach(async () => {
  await client.end()
  await database.drop()
})

describe('migrate', () => {
  it('runs what is missing, and then nothing', async () => {
    expect(await migrate(database.url)).toMatchObject({ applied: ALL, notices: [] })
    expect(await migrate(database.url)).toMatchObject({ applied: [], notices: [] })
    expect(await query(FUNCTIONS)).toEqual([{ name: FUNCTION_NAME }])
    expect(
      await query("select reloptions from pg_class where relname = 'rc_circuit_breakers'"),
    ).toEqual([{ reloptions: ['fillfactor=50'] }])
  })

  it('succeeds for each of 20 at once, and runs each migration once', async () => {
    const done = await Promise.all(Array.from({ length: 20 }, () => migrate(database.url)))
    expect(done.flatMap(({ applied }) => applied)).toEqual(ALL)
    expect(await journal()).toEqual([1, 2, 3, 4, 5, 6].map((when) => ({ when })))
  })

  it('succeeds for each of 20 at once where the default is SERIALIZABLE', async () => {
    await query(
      `alter database "${new URL(database.url).pathname.slice(1)}" set default_transaction_isolation = 'serializable'`,
    )
    await Promise.all(Array.from({ length: 20 }, () => migrate(database.url)))
    expect(await journal()).toEqual([1, 2, 3, 4, 5, 6].map((when) => ({ when })))
  })

  it('upgrades a table of the Python library once, for 20 at once', async () => {
    await client.query(ORIGINAL_SCHEMAS['its command line'])
    const done = await Promise.all(Array.from({ length: 20 }, () => migrate(database.url)))
    expect(done.flatMap(({ notices }) => notices)).toEqual([
      'upgraded the table of the Python library, 0 rows kept',
    ])
  })

  it('takes up tables that drizzle-kit pushed', async () => {
    await migrate(client)
    await client.query(
      'drop schema drizzle cascade; drop trigger rc_circuit_breakers_updated_at on rc_circuit_breakers',
    )
    await client.query(`drop function ${FUNCTION_NAME}`)
    await client.query("insert into rc_circuit_breakers (resource_key) values ('kept')")
    expect(await migrate(client)).toMatchObject({ applied: ALL, notices: [] })
    expect(await query('select resource_key as key from rc_circuit_breakers')).toEqual([
      { key: 'kept' },
    ])
    expect(await query(FUNCTIONS)).toHaveLength(1)
  })

  it('makes the tables again that somebody dropped, whatever the journal says', async () => {
    await migrate(client)
    await client.query('drop table rc_circuit_breakers')
    expect((await migrate(client)).applied).toEqual(ALL)
    expect(await journal()).toEqual([1, 2, 3, 4, 5, 6].map((when) => ({ when })))
  })

  it('installs its own function beside those of other versions, and drops them only when asked to', async () => {
    await migrate(client)
    await client.query(`alter function ${FUNCTION_NAME} rename to rc_exchange_00000000`)
    await client.query(
      'create function rc_exchange_rates() returns int language sql as $$ select 1 $$',
    )
    expect((await migrate(client)).applied).toEqual([])
    expect((await query(FUNCTIONS)).map(({ name }) => name)).toEqual(
      ['rc_exchange_00000000', FUNCTION_NAME, 'rc_exchange_rates'].sort(),
    )
    expect((await migrate(client, { pruneFunctions: true })).notices).toEqual([
      'dropped rc_exchange_00000000(jsonb)',
    ])
    expect((await query(FUNCTIONS)).map(({ name }) => name)).toEqual([
      FUNCTION_NAME,
      'rc_exchange_rates',
    ])
  })

  it('keeps the schemas of one database apart', async () => {
    expect((await migrate(client, { schema: 'one' })).applied).toEqual(ALL)
    expect((await migrate(client, { schema: 'two' })).applied).toEqual(ALL)
    expect((await migrate(client, { schema: 'two' })).applied).toEqual([])
    expect((await migrate(client)).applied).toEqual(ALL)

    const storages = ['one', 'two', undefined].map(
      (schema) => new DrizzleStorage(drizzlePg({ client }), schema === undefined ? {} : { schema }),
    )
    const id = { resourceKey: 'k', namespace: 'default' }
    const order = { command: 'open', cooldownMs: [60_000] } as const
    await storages[0]!.control({ ...id, command: { order, actor: null, reason: null } })
    const verdicts: string[] = []
    for (const storage of storages)
      verdicts.push((await storage.acquire({ ...id, settings, leaseMs: 1_000 })).verdict)
    expect(verdicts).toEqual(['rejected', 'admitted', 'admitted'])
  })

  it('leaves no setting behind on a connection', async () => {
    const settings = () =>
      query(
        "select current_setting('search_path') as path, current_setting('transaction_isolation') as isolation",
      )
    const before = await settings()
    await migrate(client, { schema: 'one', originalTimeZone: 'Asia/Tokyo' })
    expect(await settings()).toEqual(before)
    expect(await query("select current_setting('rc.original_time_zone') as zone")).toEqual([
      { zone: '' },
    ])
  })

  it("does not make an application's own pending migrations look older than ours", async () => {
    await migrate(client)
    expect(
      await query('select max(created_at) as newest from drizzle.__drizzle_migrations'),
    ).toEqual([{ newest: '6' }])
  })

  it("runs beside an application's newer migrations in the same journal", async () => {
    await client.query(`create schema drizzle; create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
      insert into drizzle.__drizzle_migrations (hash, created_at) values ('theirs', ${Date.UTC(2040, 0, 1)})`)
    expect((await migrate(client)).applied).toEqual(ALL)
    expect((await migrate(client)).applied).toEqual([])
  })

  it('connects to nothing in a dry run, and tells the SQL that psql would take', async () => {
    const { applied, sql } = await migrate('postgres://u:p@nowhere.invalid/db', { dryRun: true })
    expect(applied).toEqual([])
    await client.query(sql)
    expect((await migrate(client)).applied).toEqual([])
  })
})

describe('a migration through', () => {
  async function twice(target: MigrationTarget) {
    expect(await migrate(target)).toMatchObject({ applied: ALL, notices: [] })
    expect(await migrate(target)).toMatchObject({ applied: [] })
  }

  it('a client of pg', () => twice(client))

  it('a client of pg, in a transaction of its owner', async () => {
    await client.query('begin')
    await migrate(client)
    await client.query('rollback')
    await twice(client)
  })

  it('a pool of pg', async () => {
    const pool = new pg.Pool({ connectionString: database.url })
    await twice(pool)
    await pool.end()
  })

  it('Drizzle on pg', async () => {
    const pool = new pg.Pool({ connectionString: database.url })
    await twice(drizzlePg({ client: pool }))
    await pool.end()
  })

  it('PGlite, and Drizzle on it', async () => {
    const db = await openPglite()
    await twice(db)
    await db.exec(
      'drop schema drizzle cascade; drop table rc_circuit_breakers, rc_circuit_transitions',
    )
    await twice(drizzlePglite({ client: db }))
    await db.close()
  })

  it('a runner of scripts that gives no answer', async () => {
    const exec = async (script: string) => void (await client.query(script))
    expect(await migrate({ exec })).toMatchObject({ applied: [], notices: [] })
    expect(await query(FUNCTIONS)).toHaveLength(1)
  })

  describe('Neon over HTTP', () => {
    it('alone and with Drizzle, 20 at once', async () => {
      await using local = await startLocalNeon({ databaseUrl: database.url, migrate: false })
      const { fetchEndpoint } = neonConfig
      neonConfig.fetchEndpoint = local.fetchEndpoint
      try {
        const done = await Promise.all(
          Array.from({ length: 20 }, () => migrate(neon(local.databaseUrl))),
        )
        expect(done.flatMap(({ applied }) => applied)).toEqual(ALL)
        await client.query(
          'drop schema drizzle cascade; drop table rc_circuit_breakers, rc_circuit_transitions',
        )
        await twice(drizzleNeon({ client: neon(local.databaseUrl) }))
        expect(await journal()).toEqual([1, 2, 3, 4, 5, 6].map((when) => ({ when })))
      } finally {
        neonConfig.fetchEndpoint = fetchEndpoint
      }
    })
  })
})

describe('a migration that cannot be', () => {
  const SECRET = 's3cr3t'
  const changed = (parts: Partial<URL>) => Object.assign(new URL(database.url), parts).href
  const failure = (target: unknown, options = {}) =>
    migrate(target as string, options).then(
      () => expect.unreachable(),
      (error: Error & { code: string }) => {
        expect(`${error.message} ${error.stack}`).not.toContain(SECRET)
        return { name: error.name, code: error.code, message: error.message }
      },
    )

  it('says that the database is not there', async () => {
    const url = changed({ pathname: '/nowhere' })
    expect(await failure(url)).toMatchObject({
      code: 'DATABASE_MISSING',
      message: expect.stringContaining('"nowhere" does not exist'),
    })
  })

  it('says that the password is wrong', async () => {
    const url = changed({ password: SECRET })
    expect(await failure(url)).toMatchObject({
      code: 'ACCESS_DENIED',
      message: expect.stringContaining('28P01'),
    })
  })

  it('says that nobody answers', async () => {
    const url = changed({ port: '1', password: SECRET })
    expect(await failure(url)).toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })

  it('says that the role may not create tables, and changes nothing', async () => {
    const role = `rc_reader_${database.url.slice(-12)}`
    await client.query(`create role ${role} login password '${SECRET}'`)
    try {
      const url = changed({ username: role, password: SECRET })
      expect(await failure(url)).toMatchObject({
        code: 'NOT_ALLOWED',
        message: expect.stringContaining('42501'),
      })
      await client.query('create schema drizzle')
      await client.query(
        `grant all on schema drizzle to ${role}; revoke create on schema public from public`,
      )
      expect(await failure(url)).toMatchObject({
        code: 'NOT_ALLOWED',
        message: expect.stringContaining('schema public'),
      })
      expect(await query("select to_regclass('drizzle.__drizzle_migrations') as journal")).toEqual([
        { journal: null },
      ])
    } finally {
      await client.query(`drop owned by ${role}; drop role ${role}`)
    }
  })

  it.each([
    { target: `postgres://u:${SECRET}@@@/x:y`, says: 'url must be a Postgres URL' },
    { target: `mysql://u:${SECRET}@h/d`, says: '"mysql://…"' },
    { target: `u:${SECRET}@h/d`, says: '"…"' },
    { target: `postgres://u:%${SECRET}@h/d`, says: 'percent-encoded' },
    { target: `postgres://u:${SECRET}@h`, says: 'user:password@host/database' },
    { target: '', says: 'is the variable set?' },
    { target: undefined, says: 'got undefined' },
  ])('names a URL that is none: $says', async ({ target, says }) => {
    expect(await failure(target)).toMatchObject({
      name: 'InvalidOptionError',
      message: expect.stringContaining(says),
    })
  })

  it.each([
    { option: 'schema', value: 'a"b' },
    { option: 'originalTimeZone', value: '+09' },
    { option: 'originalTimeZone', value: 'JST' },
    { option: 'originalTimeZone', value: "Asia/Tokyo'" },
    { option: 'originalTimeZone', value: 'Asia/Nowhere' },
  ])('names the option $option = $value', async ({ option, value }) => {
    expect(await failure(database.url, { [option]: value })).toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringMatching(`^${option} must be`),
    })
  })
})

describe('the migrations', () => {
  const folder = new URL('../../drizzle/', import.meta.url)

  it('install the very function that this version calls; `npm run migrations` writes it', () => {
    expect(readFileSync(new URL('0005_function.sql', folder), 'utf8')).toBe(functionMigration)
    const named = new URL('../src/postgres/statements/function-name.ts', folder)
    expect(readFileSync(named, 'utf8')).toBe(functionName)
  })

  it('are numbered instead of dated, so that those of an application never come before them', () => {
    const { entries } = JSON.parse(readFileSync(new URL('meta/_journal.json', folder), 'utf8'))
    expect(entries.map(({ when }: { when: number }) => when)).toEqual(
      entries.map((_: unknown, i: number) => i + 1),
    )
  })
})
