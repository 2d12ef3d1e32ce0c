import pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { readEnvironment } from '../../src/env/settings.ts'
import { InvalidOptionError } from '../../src/index.ts'
import { createDatabase } from '../support/postgres.ts'

const HOST = { RC_DB_HOST: 'other.example.com', RC_DB_PASSWORD: 'secret' }
const read = (env: object) => readEnvironment(env, true).database
const ofDsn = (dsn: string) => read({ RC_DB_DSN: dsn })?.url

describe('RC_DB_DSN names the database', () => {
  it.each([
    ['as a URL', 'postgresql://u:p@h.example.com:6543/d', 'postgresql://u:p@h.example.com:6543/d'],
    ['as a URL of the short scheme', 'postgres://u:p@h/d', 'postgresql://u:p@h:5432/d'],
    [
      'by parameters of a URL',
      'postgresql://?host=h&user=u&password=p%26&dbname=d',
      'postgresql://u:p%26@h:5432/d',
    ],
    [
      'with a slash and a question mark that are escaped',
      'postgresql://u:p%2F%3F@h/d',
      'postgresql://u:p%2F%3F@h:5432/d',
    ],
    ['at an IPv6 address', 'postgresql://u@[::1]:5433/d', 'postgresql://u@[::1]:5433/d'],
    ['as pairs', 'host=h port=6543 dbname=d user=u password=p', 'postgresql://u:p@h:6543/d'],
    ['as pairs with blanks around', " host = h\n user= u  dbname ='d' ", 'postgresql://u@h:5432/d'],
    [
      'as pairs with quotes',
      String.raw`host=h user=u dbname='my db' password='it\'s a \\'`,
      "postgresql://u:it's%20a%20%5C@h:5432/my%20db",
    ],
    [
      'as pairs with escapes',
      String.raw`host=h user=u dbname=d password=a\ b\\c`,
      'postgresql://u:a%20b%5Cc@h:5432/d',
    ],
    ['by its user where no database is named', 'host=h user=u', 'postgresql://u@h:5432/u'],
    ['by its address', 'hostaddr=127.0.0.1 user=u dbname=d', 'postgresql://u@127.0.0.1:5432/d'],
    [
      'without what is empty',
      "host=h user=u dbname=d password='' port=''",
      'postgresql://u@h:5432/d',
    ],
    ['by what is said last', 'host=a host=h user=u dbname=d', 'postgresql://u@h:5432/d'],
    [
      'whatever is tuned',
      'host=h user=u dbname=d connect_timeout=3 keepalives=1 target_session_attrs=any',
      'postgresql://u@h:5432/d',
    ],
    [
      'with a name and settings of the session',
      "host=h user=u dbname=d application_name=app options='-c search_path=x'",
      'postgresql://u@h:5432/d?application_name=app&options=-c%20search_path%3Dx',
    ],
  ])('%s', (_, dsn, expected) => {
    expect(ofDsn(dsn)).toBe(expected)
  })

  it('before every other variable', () => {
    const env = {
      RC_DB_DSN: 'host=h user=u dbname=d',
      RC_DATABASE_URL: 'postgresql://a:b@c/d',
      ...HOST,
      DATABASE_URL: 'postgresql://e:f@g/h',
    }
    expect(read(env)).toEqual({
      variable: 'RC_DB_DSN',
      url: 'postgresql://u@h:5432/d',
      driver: 'node-postgres',
      fetchEndpoint: undefined,
    })
  })

  it('and an empty one does not', () => {
    expect(read({ RC_DB_DSN: '', ...HOST })?.variable).toBe('RC_DB_HOST')
  })

  it('and one of Neon’s gets the driver and the TLS that Neon wants', () => {
    const neon = 'ep-cool-1.eu-central-1.aws.neon.tech'
    expect(read({ RC_DB_DSN: `host=${neon} user=u dbname=d` })).toMatchObject({
      driver: 'neon-http',
      url: `postgresql://u@${neon}:5432/d?sslmode=verify-full`,
    })
  })
})

describe('a connection string that is wrong is one error, shows no secret, and does not fall through', () => {
  const whose = 'a connection string whose'
  it.each([
    ['mysql://u:secret@h/d', 'a connection string, '],
    ['nonsense', 'a connection string, '],
    ["host=h user=u password='secret", 'a connection string, '],
    ['host=h user=u password=my secret', 'a connection string, '],
    ['postgresql://u:secret@h/d?sslmode', 'a connection string, '],
    ['postgresql://u:secret%zz@h/d', 'a connection string, '],
    ['postgresql://h/d', `${whose} user is given; got undefined`],
    ['user=u password=secret', `${whose} host is given; got undefined`],
    ['postgresql://u:secret@/d', `${whose} host is given; got undefined`],
    ['host=/var/run/postgresql user=u', `${whose} host is a host name or an IP address`],
    ['host=a,b user=u', `${whose} host is a host name or an IP address; got "a,b"`],
    ['postgresql://u:secret@a:1,b:2/d', 'a connection string'],
    ['host=h hostaddr=1.2.3.4 user=u', `${whose} hostaddr is left out beside host`],
    ['host=h port=0 user=u', `${whose} port is a whole number from 1 to 65535; got "[hidden]"`],
    ['host=h port=5432,5433 user=u', `${whose} port is a whole number from 1 to 65535`],
    ['postgresql://u:secret/x@h/d', `${whose} port is a whole number from 1 to 65535`],
    ['postgresql://u:99999secret/x@h/d', `${whose} port is a whole number from 1 to 65535`],
    ['postgresql://u:p@secret@h/d', `${whose} host is a host name or an IP address`],
    ['service=prod', 'a connection string without the key service'],
    ['postgresql:///?service=prod', 'a connection string without the key service'],
    ['host=h user=u passfile=/secret', 'a connection string without the key passfile'],
    ['host=h user=u sslcrl=/crl', 'a connection string without the key sslcrl'],
    [
      'host=h user=u password=my secret=1',
      'a connection string of the keys host, hostaddr, port, ',
    ],
    ['host=h user=u passwrod=secret', 'a connection string of the keys host, hostaddr, port, '],
    ["host=h user=u dbname='a?b'", `${whose} dbname is without '?' and '#'`],
  ])('%s', (dsn, message) => {
    const env = { RC_DB_DSN: dsn, ...HOST, DATABASE_URL: 'postgresql://a:b@c/d' }
    expect(() => read(env)).toThrow(InvalidOptionError)
    expect(() => read(env)).toThrow(`RC_DB_DSN must be ${message}`)
    expect(() => read(env)).not.toThrow(/secret/)
  })
})

it.each(['a URL', 'pairs'])(
  'a connection string as %s reaches the database that libpq would reach',
  async (form) => {
    const server = new URL(inject('postgresUrl'))
    const database = await createDatabase(server.href, 'dsn')
    const [name, password] = [
      new URL(database.url).pathname.slice(1),
      decodeURIComponent(server.password),
    ]
    const quoted = (text: string) => `'${text.replace(/['\\]/g, '\\$&')}'`
    const dsn =
      form === 'pairs'
        ? `host=${server.hostname} port=${server.port} dbname=${quoted(name)} user=${server.username} password=${quoted(password)} application_name='my app' connect_timeout=5`
        : `postgres://${server.username}:${encodeURIComponent(password)}@${server.host}/${name}?application_name=my%20app&connect_timeout=5`
    const client = new pg.Client(ofDsn(dsn))
    await client.connect()
    const { rows } = await client.query(
      `select current_database() as database, current_setting('application_name') as app`,
    )
    await client.end()
    await database.drop()
    expect(rows).toEqual([{ database: name, app: 'my app' }])
  },
)

describe('RC_DB_STRICT', () => {
  it('makes a missing database an error', () => {
    for (const RC_DB_STRICT of ['1', 'true'])
      expect(() => read({ RC_DB_STRICT })).toThrow(
        'RC_DATABASE_URL must be set where RC_DB_STRICT is 1; got undefined',
      )
  })

  it('changes nothing beside a database, or where it is 0 or empty', () => {
    expect(read({ RC_DB_STRICT: '1', ...HOST })?.variable).toBe('RC_DB_HOST')
    for (const RC_DB_STRICT of ['', '0', 'false']) expect(read({ RC_DB_STRICT })).toBeUndefined()
  })

  it('is refused where it is neither', () => {
    expect(() => read({ RC_DB_STRICT: 'maybe' })).toThrow(
      "RC_DB_STRICT must be '1' or '0'; got \"maybe\"",
    )
  })
})
