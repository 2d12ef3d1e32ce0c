import { neon, neonConfig } from '@neondatabase/serverless'
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished, vi } from 'vitest'
import { type LocalNeon, startLocalNeon } from '../../src/local/index.ts'
import { neonStorage } from '../../src/postgres/neon-fetch.ts'
import { overNeonHttp } from '../../src/postgres/neon-http.ts'
import type { PostgresStorage } from '../../src/postgres/postgres-storage.ts'
import { CREATE_FUNCTION } from '../../src/postgres/statements/function.ts'
import { testCircuitStorage } from '../../src/testing/index.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { pushSchema } from './support.ts'

const SECRET = 's3cr3t'
const NEON = `postgresql://u:${SECRET}@ep-cool-name-123456.eu-central-1.aws.neon.tech/db?sslmode=require`
const id = { resourceKey: 'k', namespace: 'default' }

let database: TestDatabase
let local: LocalNeon
let storage: PostgresStorage

beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'), 'neon_fetch')
  await pushSchema(database.url)
  local = await startLocalNeon({ databaseUrl: database.url, migrate: false })
  storage = neonStorage(local.databaseUrl, { fetchEndpoint: local.fetchEndpoint })
})
afterAll(async () => {
  await local.close()
  await database.drop()
})

describe('a storage by fetch alone, tables only', () => {
  testCircuitStorage({ describe, it }, async () => ({ storage, close: async () => {} }))
})

describe('a storage by fetch alone, with the function', () => {
  beforeAll(async () => {
    const database = overNeonHttp(local.databaseUrl, local.fetchEndpoint)
    await database.run([{ text: CREATE_FUNCTION, params: [] }])
  })
  testCircuitStorage({ describe, it }, async () => ({ storage, close: async () => {} }))
})

/** What is sent from here on, answered with nothing. */
function intercepted(
  answer: () => Response,
): { readonly url: string; readonly init: RequestInit }[] {
  const sent: { url: string; init: RequestInit }[] = []
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    sent.push({ url: String(input), init: init! })
    return answer()
  })
  onTestFinished(() => spy.mockRestore())
  return sent
}

describe('what is sent', () => {
  const nothing = () => Response.json({ fields: [], rows: [], results: [{ fields: [], rows: [] }] })
  const parts = ({ url, init }: { url: string; init: RequestInit }) => {
    const headers = Object.fromEntries(new Headers(init.headers))
    // The driver says its name to PostgreSQL in the connection string; apart from that it is the user's.
    const connection = new URL(headers['neon-connection-string']!)
    connection.searchParams.delete('application_name')
    return {
      url,
      method: init.method,
      body: JSON.parse(init.body as string),
      headers: { ...headers, 'neon-connection-string': connection.href },
    }
  }

  it('is what Neon’s driver sends, to where it sends it', async () => {
    const sent = intercepted(nothing)
    const [text, params] = ['select $1::text as a, $2::text as b', ['x', 'y']] as const
    const driver = neon(NEON)
    await driver.query(text, [...params])
    await driver.transaction([1, 2].map(() => driver.query(text, [...params])))
    const endpoint = (neonConfig.fetchEndpoint as (host: string) => string)(new URL(NEON).hostname)
    const ours = overNeonHttp(NEON, endpoint)
    const statement = { text, params }
    await ours.run([statement])
    await ours.run([statement, statement])
    expect(sent.slice(2).map(parts)).toEqual(sent.slice(0, 2).map(parts))
  })

  it('goes to Neon where no endpoint is named', async () => {
    const sent = intercepted(nothing)
    await neonStorage(NEON)
      .exchange([id])
      .catch(() => {})
    await neon(NEON)`select 1`
    expect(sent[0]!.url).toBe('https://api.eu-central-1.aws.neon.tech/sql')
    expect(sent[1]!.url).toBe(sent[0]!.url)
  })

  it('is nothing before the first call', () => {
    const sent = intercepted(nothing)
    neonStorage(NEON)
    expect(sent).toEqual([])
  })
})

describe('what goes wrong', () => {
  it('is said with the database’s own code', async () => {
    const schema = neonStorage(local.databaseUrl, {
      fetchEndpoint: local.fetchEndpoint,
      schema: 'elsewhere',
    })
    await expect(schema.exchange([id])).rejects.toMatchObject({
      name: 'StorageError',
      code: 'SCHEMA_MISSING',
      sqlState: '42P01',
    })
  })

  it('is a plain failure where it comes from what stands before the database', async () => {
    intercepted(
      () => new Response(`no such project: postgresql://u:${SECRET}@h/d`, { status: 502 }),
    )
    const error = await neonStorage(NEON)
      .exchange([id])
      .then(
        () => expect.unreachable(),
        (error) => error,
      )
    expect(error).toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(/HTTP status 502/),
    })
    expect(error.message).not.toContain(SECRET)
  })

  it('never shows the password where nobody answers', async () => {
    const error = await neonStorage(`postgres://u:${SECRET}@h/d`, {
      fetchEndpoint: 'http://127.0.0.1:1/sql',
    })
      .exchange([id])
      .then(
        () => expect.unreachable(),
        (error) => error,
      )
    expect(error).toMatchObject({ name: 'StorageError', code: 'STORAGE_FAILED' })
    expect(`${error.message} ${error.stack} ${error.cause}`).not.toContain(SECRET)
  })

  it.each(['ftp://x', 'nowhere', 7])(
    'is refused at once where it is an endpoint that is none: %s',
    (fetchEndpoint) => {
      expect(() => neonStorage(NEON, { fetchEndpoint: fetchEndpoint as string })).toThrow(
        /^fetchEndpoint must be/,
      )
    },
  )

  it('is refused at once where there is no URL', () => {
    expect(() => neonStorage(undefined)).toThrow(/^url must be a Postgres URL/)
  })
})
