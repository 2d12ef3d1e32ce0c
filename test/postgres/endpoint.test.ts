import { neonConfig } from '@neondatabase/serverless'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import * as edge from '../../src/env/edge.ts'
import * as node from '../../src/env/node.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { type LocalNeon, startLocalNeon } from '../../src/local/index.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { neonStorage as neonFetchStorage } from '../../src/postgres/neon-fetch.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

type Make = (url: string) => CircuitStorage
const STORAGES: readonly [string, Make][] = [
  ['neonStorage of neon', neonStorage],
  ['neonStorage of neon-fetch', neonFetchStorage],
]
const CREATORS: readonly [string, Make][] = [
  ['createStorage', (url) => node.createStorage({ ...process.env, DATABASE_URL: url })],
  [
    'createStorage for the edge',
    (url) => edge.createStorage({ ...process.env, DATABASE_URL: url }),
  ],
]

let database: TestDatabase
let local: LocalNeon
beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'), 'endpoint')
  local = await startLocalNeon({ databaseUrl: database.url })
})
afterAll(async () => {
  await local.close()
  await database.drop()
})
afterEach(() => vi.unstubAllEnvs())

const withParameter = () => {
  const url = new URL(database.url)
  url.searchParams.set('fetch_endpoint', local.fetchEndpoint)
  return url.href
}

describe.each([...STORAGES, ...CREATORS])('%s reaches a local endpoint', (_, make) => {
  it('that RC_DB_FETCH_ENDPOINT names', async () => {
    vi.stubEnv('RC_DB_FETCH_ENDPOINT', local.fetchEndpoint)
    expect((await make(database.url).list()).items).toEqual([])
  })

  it('that the URL itself names', async () => {
    expect((await make(withParameter()).list()).items).toEqual([])
  })
})

describe.each(STORAGES)('%s', (_, make) => {
  const withOption = make as typeof neonStorage

  it('goes by the option, else by the URL, else by the variable', async () => {
    vi.stubEnv('RC_DB_FETCH_ENDPOINT', 'http://127.0.0.1:9/variable')
    expect((await make(withParameter()).list()).items).toEqual([])
    const url = new URL(database.url)
    url.searchParams.set('fetch_endpoint', 'http://127.0.0.1:9/parameter')
    const storage = withOption(url.href, { fetchEndpoint: local.fetchEndpoint })
    expect((await storage.list()).items).toEqual([])
  })

  it.each(['127.0.0.1:4444', 'localhost', '[::1]:5432', 'db', 'db.localhost', '10.0.0.7'])(
    'refuses %s without an endpoint, and says what to do',
    (host) => {
      expect(() => make(`postgres://u:s3cret@${host}/db`)).toThrow(
        expect.objectContaining({
          name: 'InvalidOptionError',
          option: 'fetchEndpoint',
          message: expect.stringMatching(
            /which is not a host of Neon: pass the option, or add '\?fetch_endpoint='.*RC_DB_FETCH_ENDPOINT/,
          ),
        }),
      )
    },
  )

  it('takes a host of Neon’s, and any other with a domain', () => {
    expect(() => make('postgres://u:p@ep-a-1.eu-central-1.aws.neon.tech/db')).not.toThrow()
    expect(() => make('postgres://u:p@db.localtest.me/db')).not.toThrow()
  })

  it.each(['RC_DB_FETCH_ENDPOINT', 'fetch_endpoint'])('names %s where that is none', (name) => {
    if (name === 'RC_DB_FETCH_ENDPOINT') vi.stubEnv(name, 'nowhere')
    const url = `postgres://u:p@h.neon.tech/db${name === 'fetch_endpoint' ? '?fetch_endpoint=nowhere' : ''}`
    expect(() => make(url)).toThrow(`${name} must be an http or https URL`)
  })

  it.each([[new URL('http://127.0.0.1:4444/sql')], [null], [7], [{}], ['']])(
    'refuses %s as an endpoint, by the option’s name',
    (fetchEndpoint) => {
      expect(() =>
        withOption('postgres://u:p@h.neon.tech/db', { fetchEndpoint: fetchEndpoint as string }),
      ).toThrow(/^fetchEndpoint must be an http or https URL/)
    },
  )

  it('shows no password of an endpoint', () => {
    expect(() =>
      withOption('postgres://u:p@h.neon.tech/db', { fetchEndpoint: 'http://me:s3cret@h/sql' }),
    ).toThrow(/^(?!.*s3cret)fetchEndpoint must be/)
  })
})

it('leaves a local host to Neon’s driver where somebody told that of its endpoint', async () => {
  const { fetchEndpoint } = neonConfig
  neonConfig.fetchEndpoint = local.fetchEndpoint
  try {
    expect((await neonStorage(database.url).list()).items).toEqual([])
  } finally {
    neonConfig.fetchEndpoint = fetchEndpoint
  }
})
