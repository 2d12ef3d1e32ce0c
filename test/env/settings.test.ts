import pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { readEnvironment } from '../../src/env/settings.ts'
import { InvalidOptionError } from '../../src/index.ts'

const HOST = { RC_DB_HOST: 'db.example.com', RC_DB_PASSWORD: 'secret' }
const URL_A = 'postgresql://a:secret@a.example.com/a'
const URL_B = 'postgres://b:secret@b.example.com/b'
const NEON = 'postgresql://u:secret@ep-cool-1.eu-central-1.aws.neon.tech/db?sslmode=require'

const database = (env: object, tcp = true) => readEnvironment(env, tcp).database
const url = (env: object) => database(env)?.url

describe('the environment names the database by', () => {
  it.each([
    ['RC_DATABASE_URL first', { RC_DATABASE_URL: URL_A, ...HOST, DATABASE_URL: URL_B }, URL_A],
    [
      'RC_DB_* second',
      { ...HOST, DATABASE_URL: URL_B },
      'postgresql://postgres:secret@db.example.com:5432/resilient_circuit_db',
    ],
    ['DATABASE_URL last', { DATABASE_URL: URL_B }, URL_B],
    ['nothing', {}, undefined],
    [
      'nothing where all is empty',
      { RC_DATABASE_URL: '', RC_DB_HOST: '', RC_DB_PASSWORD: '', DATABASE_URL: '' },
      undefined,
    ],
    [
      'what is set where something else is empty',
      { RC_DATABASE_URL: '', RC_DB_PORT: '', DATABASE_URL: URL_B },
      URL_B,
    ],
    [
      'RC_DATABASE_URL, whatever is only half set behind it',
      { RC_DATABASE_URL: URL_A, RC_DB_HOST: 'x' },
      URL_A,
    ],
  ])('%s', (_, env, expected) => {
    expect(url(env)).toBe(expected)
  })

  it('every part of RC_DB_*', () => {
    const env = { ...HOST, RC_DB_PORT: '6543', RC_DB_NAME: 'circuits', RC_DB_USER: 'breaker' }
    expect(database(env)).toEqual({
      variable: 'RC_DB_HOST',
      url: 'postgresql://breaker:secret@db.example.com:6543/circuits',
      driver: 'node-postgres',
      fetchEndpoint: undefined,
    })
  })

  it('a port that is a number, among bindings that are no text at all', () => {
    expect(url({ ...HOST, RC_DB_PORT: 6543, KV: { get() {} }, QUEUE: Symbol() })).toContain(
      ':6543/',
    )
  })

  it.each([
    ['::1', '[::1]'],
    ['[fe80::1]', '[fe80::1]'],
    ['127.0.0.1', '127.0.0.1'],
    ['my_db-1.internal', 'my_db-1.internal'],
  ])('a host like %s', (host, expected) => {
    expect(url({ ...HOST, RC_DB_HOST: host })).toContain(`@${expected}:5432/`)
  })

  it('a host of Neon’s, with the TLS that it insists on', () => {
    expect(url({ ...HOST, RC_DB_HOST: 'ep-cool-1.eu-central-1.aws.neon.tech' })).toMatch(
      /\?sslmode=verify-full$/,
    )
  })
})

describe('values are escaped into the URL', () => {
  const awkward = ['p@ss:w/o?r#d%zz&=+ $,;', 'späß 密码 🔑', '\'"\\`', '%41', '[::1]', 'a%2Fb']

  it.each(awkward)('%j as user and password', (text) => {
    const { username, password } = new URL(
      url({ ...HOST, RC_DB_USER: text, RC_DB_PASSWORD: text })!,
    )
    expect([username, password].map(decodeURIComponent)).toEqual([text, text])
  })

  it.each(awkward.map((text) => text.replace(/[?#]/g, '')))(
    '%j as role, password and database, so that PostgreSQL sees what was meant',
    async (text) => {
      const admin = new pg.Client(inject('postgresUrl'))
      await admin.connect()
      const server = new URL(inject('postgresUrl'))
      const name = pg.escapeIdentifier(text)
      try {
        await admin.query(`create role ${name} login password ${pg.escapeLiteral(text)}`)
        await admin.query(`create database ${name}`)
        const client = new pg.Client(
          url({
            RC_DB_HOST: server.hostname,
            RC_DB_PORT: server.port,
            RC_DB_NAME: text,
            RC_DB_USER: text,
            RC_DB_PASSWORD: text,
          }),
        )
        await client.connect()
        const { rows } = await client.query(
          'select current_user as role, current_database() as database',
        )
        await client.end()
        expect(rows).toEqual([{ role: text, database: text }])
      } finally {
        await admin.query(`drop database if exists ${name} with (force)`)
        await admin.query(`drop role if exists ${name}`)
        await admin.end()
      }
    },
  )
})

describe('the driver is', () => {
  it.each([
    ['node-postgres on servers', { DATABASE_URL: URL_A }, true, 'node-postgres'],
    ['neon-http for Neon’s hosts', { DATABASE_URL: NEON }, true, 'neon-http'],
    ['neon-http where there are no sockets', { DATABASE_URL: URL_A }, false, 'neon-http'],
    [
      'neon-http with an endpoint',
      { DATABASE_URL: URL_A, RC_DB_FETCH_ENDPOINT: 'http://127.0.0.1:4444/sql' },
      true,
      'neon-http',
    ],
    [
      'what RC_DB_DRIVER says',
      { DATABASE_URL: NEON, RC_DB_DRIVER: 'node-postgres' },
      true,
      'node-postgres',
    ],
    [
      'what RC_DB_DRIVER says, the other way',
      { DATABASE_URL: URL_A, RC_DB_DRIVER: 'neon-http' },
      true,
      'neon-http',
    ],
    [
      'not fooled by a name that holds Neon’s',
      { DATABASE_URL: 'postgres://u:p@neon.tech.example.com/db' },
      true,
      'node-postgres',
    ],
  ])('%s', (_, env, tcp, expected) => {
    expect(database(env, tcp)?.driver).toBe(expected)
  })

  it('goes with its endpoint', () => {
    expect(
      database({ DATABASE_URL: URL_A, RC_DB_FETCH_ENDPOINT: 'http://127.0.0.1:4444/sql' })
        ?.fetchEndpoint,
    ).toBe('http://127.0.0.1:4444/sql')
  })
})

describe('the namespace', () => {
  it('is RC_NAMESPACE, else default', () => {
    expect(readEnvironment({ RC_NAMESPACE: 'staging' }, true).namespace).toBe('staging')
    expect(readEnvironment({ RC_NAMESPACE: '' }, true).namespace).toBe('default')
  })
})

describe('a wrong value is one error that names its variable and hides its secrets', () => {
  const half = 'for a database without a password, use RC_DATABASE_URL; got undefined'
  it.each<[object, string, string]>([
    [{ RC_DATABASE_URL: 'mysql://u:secret@h/db' }, 'RC_DATABASE_URL', 'a Postgres URL'],
    [{ RC_DATABASE_URL: 'postgres://u:secret@/db' }, 'RC_DATABASE_URL', 'a Postgres URL'],
    [{ DATABASE_URL: 'postgres://u:sec ret@h' }, 'DATABASE_URL', 'a Postgres URL'],
    [{ DATABASE_URL: 'host=h password=secret' }, 'DATABASE_URL', 'a Postgres URL'],
    [{ DATABASE_URL: { secret: 1 } }, 'DATABASE_URL', 'text; got an object'],
    [{ RC_DB_HOST: 'h' }, 'RC_DB_PASSWORD', `set where RC_DB_HOST is; ${half}`],
    [
      { RC_DB_HOST: 'h', RC_DB_PASSWORD: '', DATABASE_URL: URL_A },
      'RC_DB_PASSWORD',
      `set where RC_DB_HOST is; ${half}`,
    ],
    [{ RC_DB_PASSWORD: 'secret' }, 'RC_DB_HOST', `set where RC_DB_PASSWORD is; ${half}`],
    [{ RC_DB_NAME: 'x', DATABASE_URL: URL_A }, 'RC_DB_HOST', `set where RC_DB_NAME is; ${half}`],
    [{ RC_DB_DRIVER: 'neon-http' }, 'RC_DATABASE_URL', 'set where RC_DB_DRIVER is; got undefined'],
    [
      { RC_DB_FETCH_ENDPOINT: 'http://h/sql' },
      'RC_DATABASE_URL',
      'set where RC_DB_FETCH_ENDPOINT is; got undefined',
    ],
    [
      { ...HOST, RC_DB_HOST: 'postgres://u:secret@h' },
      'RC_DB_HOST',
      'a host name or an IP address; got "[hidden]"',
    ],
    [{ ...HOST, RC_DB_HOST: 'h:5432' }, 'RC_DB_HOST', 'a host name or an IP address; got "h:5432"'],
    [{ ...HOST, RC_DB_HOST: 'h/x' }, 'RC_DB_HOST', 'a host name or an IP address; got "h/x"'],
    [
      { ...HOST, RC_DB_HOST: '/var/run/postgresql' },
      'RC_DB_HOST',
      'a host name or an IP address; got "/var/run/postgresql"',
    ],
    [{ ...HOST, RC_DB_HOST: 'a b' }, 'RC_DB_HOST', 'a host name or an IP address; got "a b"'],
    [{ ...HOST, RC_DB_HOST: ':::' }, 'RC_DB_HOST', 'a host name or an IP address; got ":::"'],
    [{ ...HOST, RC_DB_PORT: '0' }, 'RC_DB_PORT', 'a whole number from 1 to 65535; got "0"'],
    [{ ...HOST, RC_DB_PORT: '65536' }, 'RC_DB_PORT', 'a whole number from 1 to 65535; got "65536"'],
    [{ ...HOST, RC_DB_PORT: 'five' }, 'RC_DB_PORT', 'a whole number from 1 to 65535; got "five"'],
    [{ ...HOST, RC_DB_PORT: '1.5' }, 'RC_DB_PORT', 'a whole number from 1 to 65535; got "1.5"'],
    [{ ...HOST, RC_DB_NAME: 'what?' }, 'RC_DB_NAME', "without '?' and '#'; got \"what?\""],
    [{ ...HOST, RC_DB_USER: '\ud800' }, 'RC_DB_USER', 'well-formed Unicode; got "[hidden]"'],
    [
      { ...HOST, RC_DB_PASSWORD: 'secret\ud800' },
      'RC_DB_PASSWORD',
      'well-formed Unicode; got "[hidden]"',
    ],
    [{ ...HOST, RC_DB_PASSWORD: ['secret'] }, 'RC_DB_PASSWORD', 'text; got an array'],
    [
      { ...HOST, RC_DB_DRIVER: 'psycopg' },
      'RC_DB_DRIVER',
      "'neon-http' or 'node-postgres'; got \"psycopg\"",
    ],
    [
      { ...HOST, RC_DB_FETCH_ENDPOINT: 'localhost:4444' },
      'RC_DB_FETCH_ENDPOINT',
      'an http or https URL',
    ],
    [{ ...HOST, RC_DB_FETCH_ENDPOINT: 'http://' }, 'RC_DB_FETCH_ENDPOINT', 'an http or https URL'],
    [
      { ...HOST, RC_DB_FETCH_ENDPOINT: 'http://h/sql', RC_DB_DRIVER: 'node-postgres' },
      'RC_DB_FETCH_ENDPOINT',
      'left out where RC_DB_DRIVER is node-postgres',
    ],
    [{ RC_NAMESPACE: 'x'.repeat(256) }, 'RC_NAMESPACE', '1 to 255 characters long'],
    [{ RC_NAMESPACE: 'a\0b' }, 'RC_NAMESPACE', 'free of U+0000'],
  ])('%o', (env, option, message) => {
    const read = () => readEnvironment(env, true)
    expect(read).toThrow(InvalidOptionError)
    expect(read).toThrow(`${option} must be ${message}`)
    expect(read).not.toThrow('secret')
  })

  it('the driver that this runtime cannot use', () => {
    expect(() => readEnvironment({ ...HOST, RC_DB_DRIVER: 'node-postgres' }, false)).toThrow(
      "RC_DB_DRIVER must be 'neon-http' on this runtime",
    )
  })

  it.each([undefined, null, 'DATABASE_URL'])('an environment that is none: %o', (env) => {
    expect(() => readEnvironment(env as never, true)).toThrow(/^env must be a record of variables/)
  })
})
