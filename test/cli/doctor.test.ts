import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { startLocalNeon } from '../../src/local/index.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { ORIGINAL_SCHEMAS } from '../postgres/original.ts'
import { type Databases, openDatabase } from './databases.ts'
import { cli } from './terminal.ts'

let database: Databases
beforeEach(async () => {
  database = await openDatabase(inject('postgresUrl'))
})
afterEach(() => database[Symbol.asyncDispose]())

interface Finding {
  readonly check: string
  readonly level: string
  readonly says: string
  readonly advice?: string
}

async function doctor(env: Record<string, string> = { DATABASE_URL: database.url }) {
  const { code, out, err } = await cli(['doctor', '--json'], { env })
  expect(err).toBe('')
  const findings: Finding[] = JSON.parse(out)
  return {
    code,
    findings,
    of: (check: string) => findings.find((finding) => finding.check === check),
  }
}

describe('doctor', () => {
  it('finds nothing wrong with a good database', async () => {
    await migrate(database.url)
    const { code, findings, of } = await doctor()
    expect(code).toBe(0)
    expect(findings.map(({ check, level }) => [check, level])).toEqual(
      [
        'settings',
        'driver',
        'connection',
        'server',
        'session',
        'isolation',
        'round trip',
        'clock',
        'tables',
        'function',
        'reads',
        'reports',
        'commands',
        'removals',
        'pruning',
        'HOT updates',
      ].map((check) => [check, 'ok']),
    )
    expect(findings.filter(({ advice }) => advice !== undefined)).toEqual([])
    expect(of('function')?.says).toBe(FUNCTION_NAME)
    expect(of('server')?.says).toMatch(/^PostgreSQL \d+/)
    const { out } = await cli(['doctor'], { env: { DATABASE_URL: database.url } })
    expect(out.split('\n')[0]).toBe('ok    settings     DATABASE_URL, namespace default')
    expect(out).not.toContain(new URL(database.url).password)
  })

  it('looks through HTTP, too', async () => {
    await using local = await startLocalNeon({ databaseUrl: database.url })
    const { code, of } = await doctor({
      RC_DATABASE_URL: database.url,
      RC_DB_FETCH_ENDPOINT: local.fetchEndpoint,
      RC_NAMESPACE: 'staging',
    })
    expect(code).toBe(0)
    expect(of('settings')?.says).toBe('RC_DATABASE_URL, namespace staging')
    expect(of('driver')?.says).toContain(`neon-http, ${local.fetchEndpoint}, `)
  })

  it('misses the tables', async () => {
    const { code, of } = await doctor()
    expect(code).toBe(1)
    expect(of('tables')).toEqual({
      check: 'tables',
      level: 'bad',
      says: 'there is no table rc_circuit_breakers in the schema public',
      advice: 'resilient-circuit pg-setup',
    })
  })

  it.each(Object.entries(ORIGINAL_SCHEMAS))(
    'recognises the Python library’s table, made by %s',
    async (_, schema) => {
      await database.query(schema)
      const { code, of } = await doctor()
      expect(code).toBe(1)
      expect(of('tables')).toMatchObject({
        level: 'bad',
        says: "rc_circuit_breakers is the Python library's, and not yet upgraded",
      })
    },
  )

  it('recognises tables of another version', async () => {
    await migrate(database.url)
    await database.query('alter table rc_circuit_breakers drop column would_reject')
    expect((await doctor()).of('tables')).toMatchObject({
      level: 'bad',
      says: 'rc_circuit_breakers is of another version: would_reject missing',
    })
    await database.query(
      'alter table rc_circuit_breakers add column would_reject bigint; drop table rc_circuit_transitions',
    )
    expect((await doctor()).of('tables')).toMatchObject({
      level: 'bad',
      says: 'there is no table rc_circuit_transitions',
    })
  })

  it('misses the function, and sees those of other versions', async () => {
    await migrate(database.url)
    await database.query(`alter function ${FUNCTION_NAME}(jsonb) rename to rc_exchange_00000000`)
    const { code, of } = await doctor()
    expect(code).toBe(0)
    expect(of('function')).toMatchObject({ level: 'note', advice: 'resilient-circuit pg-setup' })
    expect(of('function')?.says).toContain('not installed, beside 1 of other versions')
    await cli(['pg-setup', '--yes'], { env: { DATABASE_URL: database.url } })
    expect((await doctor()).of('function')).toMatchObject({
      level: 'ok',
      advice: expect.stringContaining('--prune-functions'),
    })
  })

  it('wants READ COMMITTED, and its advice gives it', async () => {
    await migrate(database.url)
    const { name, url } = database.stranger
    await database.query(`alter role ${name} set default_transaction_isolation = 'serializable'`)
    const isolation = (await doctor({ DATABASE_URL: url })).of('isolation')
    expect(isolation).toMatchObject({
      level: 'note',
      says: expect.stringMatching(/^serializable: /),
    })
    await database.query(isolation!.advice!)
    expect((await doctor({ DATABASE_URL: url })).of('isolation')?.level).toBe('ok')
  })

  it('sees what keeps updates from staying within their page', async () => {
    await migrate(database.url)
    const hot = async () => (await doctor()).of('HOT updates')
    await database.query('create index costly on rc_circuit_breakers (state, updated_at)')
    expect(await hot()).toMatchObject({
      level: 'note',
      says: expect.stringContaining('costly makes every write touch every index'),
      advice: 'drop index costly;',
    })
    await database.query('drop index costly; alter table rc_circuit_breakers reset (fillfactor)')
    expect(await hot()).toMatchObject({
      level: 'note',
      advice: 'alter table rc_circuit_breakers set (fillfactor = 50);',
    })
    await database.query((await hot())!.advice!)
    expect((await hot())?.level).toBe('ok')
  })

  it.each<[string, (url: URL) => void, RegExp, RegExp]>([
    [
      'a wrong password',
      (url) => {
        url.password = 'not-the-secret'
      },
      /does not let "postgres" in \(28P01\)/,
      /^Correct DATABASE_URL\.$/,
    ],
    [
      'a missing database',
      (url) => {
        url.pathname = '/missing'
      },
      /^There is no database "missing" at /,
      /createdb -h .* missing$/,
    ],
    [
      'nobody at the port',
      (url) => {
        url.port = '1'
      },
      /ECONNREFUSED/,
      /^Nothing answers there/,
    ],
    [
      'a host that is none',
      (url) => {
        url.hostname = 'nowhere.invalid'
      },
      /nowhere\.invalid/,
      /^Nothing answers there/,
    ],
  ])('says what to do about %s, and shows no password', async (_, spoil, problem, advice) => {
    const url = new URL(database.url)
    spoil(url)
    const { code, of, findings } = await doctor({ DATABASE_URL: url.href })
    expect(code).toBe(1)
    expect(of('connection')).toEqual({
      check: 'connection',
      level: 'bad',
      says: expect.stringMatching(problem),
      advice: expect.stringMatching(advice),
    })
    expect(JSON.stringify(findings)).not.toContain(url.password)
  })
})
