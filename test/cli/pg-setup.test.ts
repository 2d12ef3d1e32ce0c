import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { startLocalNeon } from '../../src/local/index.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { ORIGINAL_SCHEMAS } from '../postgres/original.ts'
import { type Databases, openDatabase } from './databases.ts'
import { cli } from './terminal.ts'

let database: Databases
let env: Record<string, string>

beforeEach(async () => {
  database = await openDatabase(inject('postgresUrl'))
  env = { DATABASE_URL: database.url }
})
afterEach(() => database[Symbol.asyncDispose]())

const tables = () =>
  database.query(
    "select table_schema as schema, table_name as name from information_schema.tables where table_name like 'rc\\_%' order by 1, 2",
  )
const BOTH = [
  { schema: 'public', name: 'rc_circuit_breakers' },
  { schema: 'public', name: 'rc_circuit_transitions' },
]

/** The last lines. */
const KEEP =
  "The owner of the tables may do more than programs need. SQL for roles that may not: resilient-circuit pg-setup --roles\nWhere drizzle-kit push runs in this database, its drizzle.config.ts needs tablesFilter: ['!rc_circuit_*'], or push drops these tables.\n"

describe('pg-setup', () => {
  it('creates what is missing and says so, and then that nothing is', async () => {
    const first = await cli(['pg-setup', '--yes'], { env })
    expect(first).toMatchObject({ code: 0, err: '' })
    expect(first.out).toBe(
      'Done:\n  0000_tables  tables rc_circuit_breakers and rc_circuit_transitions\n  0001_function  trigger rc_circuit_breakers_updated_at\n  0002_execution_log  columns execution_log and foreign_window, trigger rc_circuit_breakers_window\n  0003_function  nothing any more\n  0004_reporters  columns seen, failures, failed and alone\n  0005_function  function rc_exchange_…\n' +
        KEEP,
    )
    expect(await tables()).toEqual(BOTH)
    expect(await cli(['pg-setup', '--yes'], { env })).toMatchObject({
      code: 0,
      out: `Up to date: nothing had to be done.\n${KEEP}`,
      err: '',
    })
  })

  it('asks first, shows where, and does it for a yes', async () => {
    const { code, err, asked } = await cli(['pg-setup'], { env, answer: ' Y ' })
    expect([code, asked]).toEqual([0, ['Continue? [y/N] ']])
    const { host, pathname, username, password } = new URL(database.url)
    for (const part of [host, pathname.slice(1), username]) expect(err).toContain(part)
    expect(err).not.toContain(password)
    expect(await tables()).toEqual(BOTH)
  })

  it.each(['', 'n', 'no', 'yeah?'])(
    'changes nothing for the answer %j, and fails',
    async (answer) => {
      const { code, out, err } = await cli(['pg-setup'], { env, answer })
      expect([code, out]).toEqual([1, ''])
      expect(err).toMatch(/Nothing was changed\.\n$/)
      expect(await tables()).toEqual([])
    },
  )

  it('as a dry run prints SQL that does the same, and connects to nothing', async () => {
    const nowhere = { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/db' }
    const { code, out, err } = await cli(['pg-setup', '--dry-run'], { env: nowhere })
    expect([code, err]).toEqual([0, ''])
    expect(await cli(['pg-setup', '--dry-run'])).toMatchObject({ code: 0, out })
    expect(await tables()).toEqual([])
    await database.query(out)
    expect(await tables()).toEqual(BOTH)
    expect((await cli(['pg-setup', '--yes'], { env })).out).toContain('Up to date')
  })

  it('upgrades a table of the Python library, keeps its rows, and says what its role needs', async () => {
    await database.query(ORIGINAL_SCHEMAS['its runtime'])
    await database.query(
      "insert into rc_circuit_breakers (resource_key, state) values ('kept', 'OPEN')",
    )
    const { code, out } = await cli(['pg-setup', '--yes', '--original-time-zone', 'Asia/Tokyo'], {
      env,
    })
    expect(code).toBe(0)
    expect(out).toContain('upgraded the table of the Python library, 1 rows kept')
    expect(out).toContain("alter role ... set timezone = 'Asia/Tokyo'")
    expect((await cli(['status', 'kept'], { env })).out).toMatch(/^status +DUE$/m)
  })

  it('makes its own schema, and every command works in it', async () => {
    const within = ['--schema', 'breakers']
    expect((await cli(['pg-setup', '--yes', ...within], { env })).out).toContain(
      'Done in the schema breakers:',
    )
    expect((await tables()).map(({ schema }) => schema)).toEqual(
      ['breakers', 'breakers', 'public'].filter((name) => name === 'breakers'),
    )
    expect(await cli(['open', 'api', ...within], { env })).toMatchObject({ code: 0 })
    expect((await cli(['status', ...within], { env })).out).toContain('api')
    expect((await cli(['history', ...within], { env })).out).toContain('opened')
    expect((await cli(['doctor', ...within], { env })).code).toBe(0)
    expect((await cli(['status'], { env })).code).toBe(1)
  })

  it('drops functions of other versions when told to', async () => {
    await database.query(
      'create function rc_exchange_00000000(jsonb) returns jsonb language sql as $$ select $1 $$',
    )
    await cli(['pg-setup', '--yes'], { env })
    const functions = () =>
      database.query(
        "select proname as name from pg_proc where proname like 'rc\\_exchange\\_%' order by 1",
      )
    expect(await functions()).toHaveLength(2)
    const { out } = await cli(['pg-setup', '--yes', '--prune-functions'], { env })
    expect(out).toContain('dropped rc_exchange_00000000(jsonb)')
    expect(await functions()).toEqual([{ name: FUNCTION_NAME }])
  })

  it('answers programs in JSON', async () => {
    const { out } = await cli(['pg-setup', '--yes', '--json'], { env })
    expect(JSON.parse(out)).toEqual({
      applied: [
        '0000_tables',
        '0001_function',
        '0002_execution_log',
        '0003_function',
        '0004_reporters',
        '0005_function',
      ],
      notices: [],
    })
  })

  it('does the same over HTTP', async () => {
    await using local = await startLocalNeon({ databaseUrl: database.url, migrate: false })
    const overHttp = { ...env, RC_DB_FETCH_ENDPOINT: local.fetchEndpoint }
    expect((await cli(['pg-setup', '--yes'], { env: overHttp })).out).toContain('Done:')
    expect(await tables()).toEqual(BOTH)
  })
})

describe('pg-setup on a database that does not let it', () => {
  const parts = () => {
    const { hostname, port, pathname, username, password } = new URL(database.url)
    return {
      RC_DB_HOST: hostname,
      RC_DB_PORT: port,
      RC_DB_NAME: pathname.slice(1),
      RC_DB_USER: username,
      RC_DB_PASSWORD: password,
    }
  }

  it('says that the password is wrong, by the names of what was set', async () => {
    const url = new URL(database.url)
    url.password = 'not-the-secret'
    const byUrl = await cli(['pg-setup', '--yes'], { env: { RC_DATABASE_URL: url.href } })
    expect([byUrl.code, byUrl.out]).toEqual([1, ''])
    expect(byUrl.err).toContain(
      `Failed: PostgreSQL at ${url.host} does not let "postgres" in (28P01): the user or the password is wrong.`,
    )
    expect(byUrl.err).toContain('Correct RC_DATABASE_URL.')
    const byParts = await cli(['pg-setup', '--yes'], {
      env: { ...parts(), RC_DB_PASSWORD: 'not-the-secret' },
    })
    expect(byParts.err).toContain('Correct RC_DB_USER and RC_DB_PASSWORD.')
    for (const { err } of [byUrl, byParts]) expect(err).not.toContain('not-the-secret')
  })

  it('says that the database does not exist, and how to create it', async () => {
    const { code, err } = await cli(['pg-setup', '--yes'], {
      env: { ...parts(), RC_DB_NAME: 'no such' },
    })
    expect(code).toBe(1)
    expect(err).toContain('Failed: There is no database "no such" at ')
    expect(err).toContain('Create it, or correct RC_DB_NAME:')
    expect(err).toContain(
      `createdb -h ${parts().RC_DB_HOST} -p ${parts().RC_DB_PORT} -U postgres 'no such'`,
    )
  })

  it('says that the role may not create tables, how to let it, and changes nothing', async () => {
    const stranger = { DATABASE_URL: database.stranger.url }
    const { code, err } = await cli(['pg-setup', '--yes'], { env: stranger })
    expect(code).toBe(1)
    expect(err).toContain(
      `Failed: The role "${database.stranger.name}" lacks a privilege: permission denied for`,
    )
    expect(err).not.toContain('doctor')
    const grants = err.match(/^ {2}grant .*;$/gm)!
    expect(await tables()).toEqual([])
    await database.query(grants.join('\n'))
    expect(await cli(['pg-setup', '--yes'], { env: stranger })).toMatchObject({ code: 0 })
  })

  it('says that nothing answers there', async () => {
    const { code, err } = await cli(['pg-setup', '--yes'], {
      env: { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/db' },
    })
    expect(code).toBe(1)
    expect(err).toBe(
      'Failed: 127.0.0.1:1: connect ECONNREFUSED 127.0.0.1:1\nNothing answers there: is the server running, and does DATABASE_URL name it?\n',
    )
  })
})
