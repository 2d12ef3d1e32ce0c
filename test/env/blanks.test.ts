import { describe, expect, it } from 'vitest'
import { createStorage } from '../../src/env/edge.ts'
import { readEnvironment } from '../../src/env/settings.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { neonStorage as neonFetchStorage } from '../../src/postgres/neon-fetch.ts'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'

const CLEAN = 'postgresql://app:s3cret@db.example.com/app'

/** What surrounds a value that was copied out of a page, a shell, or a file of secrets. */
const AROUND: readonly [string, (text: string) => string][] = [
  ['a blank before', (text) => ` ${text}`],
  ['a blank after', (text) => `${text} `],
  ['a tab', (text) => `\t${text}\t`],
  ['a line break', (text) => `${text}\n`],
  ['a line break of Windows', (text) => `${text}\r\n`],
  ['blanks that do not break', (text) => `\u00a0${text}\u00a0`],
  ['zero-width characters', (text) => `\u200b${text}\u2060`],
  ['a byte order mark', (text) => `\ufeff${text}`],
  ['double quotes', (text) => `"${text}"`],
  ['single quotes', (text) => `'${text}'`],
  ['quotes and blanks', (text) => ` " ${text} " \n`],
]

const INSIDE: readonly [string, string][] = [
  ['a blank', ' '],
  ['a line break', '\n'],
  ['a blank that does not break', '\u00a0'],
  ['a zero-width space', '\u200b'],
  ['a NUL', '\0'],
]

describe.each(AROUND)('%s around', (_, around) => {
  it.each(['RC_DATABASE_URL', 'DATABASE_URL'])('%s is taken away', (name) => {
    expect(readEnvironment({ [name]: around(CLEAN) }, true).database?.url).toBe(CLEAN)
  })

  it('every other variable is taken away', () => {
    const env = {
      RC_DB_HOST: around('db.example.com'),
      RC_DB_PORT: around('5433'),
      RC_DB_NAME: around('breakers'),
      RC_DB_USER: around('app'),
      RC_DB_PASSWORD: 's3cret',
      RC_DB_DRIVER: around('neon-http'),
      RC_DB_FETCH_ENDPOINT: around('http://127.0.0.1:4444/sql'),
      RC_NAMESPACE: around('staging'),
    }
    expect(readEnvironment(env, true)).toEqual({
      namespace: 'staging',
      database: {
        variable: 'RC_DB_HOST',
        url: 'postgresql://app:s3cret@db.example.com:5433/breakers',
        driver: 'neon-http',
        fetchEndpoint: 'http://127.0.0.1:4444/sql',
      },
    })
  })

  it('the URL and the endpoint of a storage is taken away', async () => {
    expect(() => neonStorage(around(CLEAN))).not.toThrow()
    expect(() => neonFetchStorage(around(CLEAN))).not.toThrow()
    const fetchEndpoint = around('http://127.0.0.1:4444/sql')
    expect(() => neonStorage(CLEAN, { fetchEndpoint })).not.toThrow()
    expect(() => neonFetchStorage(CLEAN, { fetchEndpoint })).not.toThrow()
    await nodePostgresStorage(around(CLEAN)).close()
  })
})

describe('a password', () => {
  const password = (RC_DB_PASSWORD: string) => {
    const env = { RC_DB_HOST: 'db', RC_DB_PASSWORD }
    return decodeURIComponent(new URL(readEnvironment(env, true).database!.url).password)
  }

  it('keeps its own blanks and quotes, and loses the line break of its file', () => {
    expect(password(' "s3cret" \n')).toBe(' "s3cret" ')
    expect(password('s3cret\r\n')).toBe('s3cret')
  })
})

describe.each(INSIDE)('%s within', (_, blank) => {
  const refused = (option: string) =>
    expect.objectContaining({
      name: 'InvalidOptionError',
      option,
      message: expect.not.stringContaining('s3cret'),
    })
  const failure = (run: () => unknown): unknown => {
    try {
      run()
    } catch (error) {
      return error
    }
    return 'accepted'
  }

  it.each([
    ['the host', `postgresql://app:s3cret@db${blank}base/app`],
    ['the password', `postgresql://app:s3cret${blank}@db.example.com/app`],
    ['the name', `postgresql://app:s3cret@db.example.com/ap${blank}p`],
  ])('%s of a URL is refused everywhere', (_, url) => {
    expect(failure(() => readEnvironment({ DATABASE_URL: url }, true))).toEqual(
      refused('DATABASE_URL'),
    )
    expect(failure(() => createStorage({ DATABASE_URL: url }))).toEqual(refused('DATABASE_URL'))
    for (const make of [neonStorage, neonFetchStorage, nodePostgresStorage])
      expect(failure(() => make(url))).toEqual(refused('url'))
  })

  it('a host and an endpoint is refused', () => {
    const parts = { RC_DB_HOST: `db${blank}base`, RC_DB_PASSWORD: 's3cret' }
    expect(failure(() => readEnvironment(parts, true))).toEqual(refused('RC_DB_HOST'))
    const endpoint = `http://127.0.0.1:4444/${blank}sql`
    const env = { DATABASE_URL: CLEAN, RC_DB_FETCH_ENDPOINT: endpoint }
    expect(failure(() => readEnvironment(env, true))).toEqual(refused('RC_DB_FETCH_ENDPOINT'))
    for (const make of [neonStorage, neonFetchStorage])
      expect(failure(() => make(CLEAN, { fetchEndpoint: endpoint }))).toEqual(
        refused('fetchEndpoint'),
      )
  })
})

describe('the name of a database or a user', () => {
  const read = (env: object) =>
    readEnvironment({ RC_DB_HOST: 'db', RC_DB_PASSWORD: 'p', ...env }, true)

  it.each(['RC_DB_NAME', 'RC_DB_USER'])(
    '%s is refused with a character that nobody sees within, and not shown',
    (name) => {
      for (const hidden of [
        '\n',
        '\t',
        '\0',
        '\u007f',
        '\u00ad',
        '\u200b',
        '\u200d',
        '\u202e',
        '\u2060',
        '\ufeff',
      ])
        expect(() => read({ [name]: `break${hidden}ers` })).toThrow(
          expect.objectContaining({
            name: 'InvalidOptionError',
            option: name,
            message: expect.stringMatching(
              /without control and invisible characters; got "\[hidden\]"$/,
            ),
          }),
        )
    },
  )

  it.each(['dbname', 'user'])('is refused so in a connection string, too: %s', (key) => {
    for (const dsn of [
      `host=db dbname=d user=u ${key}='break\u200bers'`,
      `postgresql://db/d?user=u&${key}=break%E2%80%8Bers`,
    ])
      expect(() => readEnvironment({ RC_DB_DSN: dsn }, true)).toThrow(
        expect.objectContaining({ name: 'InvalidOptionError', option: 'RC_DB_DSN' }),
      )
  })

  it('may hold blanks, and any letter', () => {
    const { url } = read({ RC_DB_NAME: 'my breakers', RC_DB_USER: 'Zoë 漢字' }).database!
    const { pathname, username } = new URL(url)
    expect([pathname, username].map(decodeURIComponent)).toEqual(['/my breakers', 'Zoë 漢字'])
  })
})
