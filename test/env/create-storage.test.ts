import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { deferredStorage } from '../../src/env/deferred.ts'
import * as edge from '../../src/env/edge.ts'
import * as node from '../../src/env/node.ts'
import { CircuitProtectorPolicy, type Notice } from '../../src/index.ts'
import { type LocalNeon, startLocalNeon } from '../../src/local/index.ts'
import { CREATE_FUNCTION } from '../../src/postgres/statements/function.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { pushSchema } from '../postgres/support.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

describe.each([
  ['node', node.createStorage],
  ['edge', edge.createStorage],
] as const)('createStorage, built for %s', (_, createStorage) => {
  it('stays in memory where nothing is set, and says so once', async () => {
    const onNotice = vi.fn((_: Notice) => {})
    const storage = createStorage({}, { onNotice })
    expect(storage).toBeInstanceOf(InMemoryStorage)
    expect(onNotice.mock.calls).toEqual([
      [
        {
          code: 'MEMORY_STORAGE',
          message: expect.stringMatching(
            /^none of RC_DB_DSN, RC_DATABASE_URL, RC_DB_HOST and DATABASE_URL is set: /,
          ),
        },
      ],
    ])
    await storage.close()
    await storage.close()
  })

  it('warns on the console where nobody else listens', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    createStorage({})
    expect(warn).toHaveBeenCalledTimes(1)
    expect(warn.mock.lastCall?.[0]).toMatch(
      /^resilient-circuit: none of RC_DB_DSN, RC_DATABASE_URL/,
    )
    warn.mockRestore()
  })

  it('gives breakers that name no namespace the option’s, else that of RC_NAMESPACE', () => {
    const env = { RC_NAMESPACE: 'staging' }
    const namespace = (options?: { namespace?: string }, own?: string) => {
      const storage = createStorage(env, { onNotice: () => {}, ...options })
      return new CircuitProtectorPolicy({
        storage,
        ...(own === undefined ? {} : { namespace: own }),
      }).namespace
    }
    expect(namespace()).toBe('staging')
    expect(namespace({ namespace: 'preview' })).toBe('preview')
    expect(namespace({ namespace: 'preview' }, 'own')).toBe('own')
    expect(new CircuitProtectorPolicy().namespace).toBe('default')
  })

  it('refuses a namespace and a schema that are none', () => {
    const env = { DATABASE_URL: 'postgres://u:p@h.neon.tech/db' }
    expect(() => createStorage(env, { namespace: '' })).toThrow(
      'namespace must be 1 to 255 characters long',
    )
    expect(() => createStorage(env, { schema: 'a-b' })).toThrow('schema must be a name of letters')
  })
})

describe('createStorage with a database', () => {
  let database: TestDatabase
  let local: LocalNeon

  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'), 'env')
    await pushSchema(database.url)
    local = await startLocalNeon({ databaseUrl: database.url })
  })
  afterAll(async () => {
    await local.close()
    await database.drop()
  })

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

  it.each([
    ['over TCP, from a URL', node.createStorage, () => ({ RC_DATABASE_URL: database.url })],
    ['over TCP, from parts', node.createStorage, () => parts()],
    [
      'over HTTP, by the endpoint',
      node.createStorage,
      () => ({ DATABASE_URL: database.url, RC_DB_FETCH_ENDPOINT: local.fetchEndpoint }),
    ],
    [
      'over HTTP, built for the edge',
      edge.createStorage,
      () => ({ ...parts(), RC_DB_FETCH_ENDPOINT: local.fetchEndpoint }),
    ],
  ])('shares breakers %s', async (name, createStorage, env) => {
    const onNotice = vi.fn()
    await using storage = createStorage({ ...env(), RC_NAMESPACE: name }, { onNotice })
    expect(storage.shared).toBe(true)
    const breaker = new CircuitProtectorPolicy({
      resourceKey: 'api',
      storage,
      failureLimit: { numerator: 1, denominator: 1 },
    })
    await breaker.open({ actor: 'test' })
    const { items } = await storage.list({ namespace: name })
    expect(
      items.map(({ resourceKey, namespace, status }) => [resourceKey, namespace, status]),
    ).toEqual([['api', name, 'OPEN']])
    expect((await storage.history({ namespace: name })).items).toHaveLength(1)
    expect(await storage.prune({ namespace: name, transitionsOlderThanMs: 3_600_000 })).toEqual({
      breakers: 0,
      transitions: 0,
    })
    await breaker.close()
    expect((await breaker.refresh()).status).toBe('CLOSED')
    expect(onNotice).not.toHaveBeenCalled()
  })

  it.each([
    ['over TCP', node.createStorage, 'node-postgres'],
    ['over HTTP', node.createStorage, 'neon-http'],
    ['built for the edge', edge.createStorage, 'neon-http'],
  ])('hands on what the storage has to say: %s', async (name, createStorage, driver) => {
    const role = `quiet_${new URL(database.url).pathname.slice(1)}`
    const admin = new pg.Client(database.url)
    await admin.connect()
    await admin.query(CREATE_FUNCTION)
    await admin.query(`create role ${role} login password 'pw';
      grant select, insert, update on rc_circuit_breakers, rc_circuit_transitions to ${role};
      revoke execute on function ${FUNCTION_NAME}(jsonb) from public`)
    const url = Object.assign(new URL(database.url), { username: role, password: 'pw' })
    const endpoint = await startLocalNeon({ databaseUrl: url.href, migrate: false })
    const RC_DB_FETCH_ENDPOINT = driver === 'neon-http' ? endpoint.fetchEndpoint : ''
    // Who fails while being told harms nobody.
    const onNotice = vi.fn((_: Notice) => Promise.reject(new Error('deaf')))
    const storage = createStorage({ DATABASE_URL: url.href, RC_DB_FETCH_ENDPOINT }, { onNotice })
    try {
      for (let i = 0; i < 2; i++) await storage.exchange([{ resourceKey: name, namespace: 'n' }])
      expect(onNotice.mock.calls.map(([{ code }]) => code)).toEqual(['FUNCTION_NOT_ALLOWED'])
    } finally {
      await storage.close()
      await endpoint.close()
      await admin.query(`drop owned by ${role}; drop role ${role};
        drop function ${FUNCTION_NAME}(jsonb)`)
      await admin.end()
    }
  })

  it('ends its connections when closed, however often', async () => {
    const storage = node.createStorage({ DATABASE_URL: database.url })
    await storage.list()
    await storage.close()
    await storage.close()
    await expect(storage.list()).rejects.toMatchObject({ name: 'StorageError' })
  })
})

describe('a driver that is not installed', () => {
  it('is reported once, by the name of its packages, and by each operation', async () => {
    const missing = Object.assign(new Error("Cannot find package 'pg'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    })
    const onMissing = vi.fn()
    const storage = deferredStorage(() => Promise.reject(missing), 'pg drizzle-orm', onMissing)
    const expected = {
      code: 'STORAGE_FAILED',
      message: 'the database needs the packages pg drizzle-orm: npm install pg drizzle-orm',
      cause: missing,
    }
    await expect(storage.list()).rejects.toMatchObject(expected)
    await expect(storage.exchange([])).rejects.toMatchObject(expected)
    expect(onMissing.mock.calls).toEqual([[expect.objectContaining(expected)]])
    await storage.close?.()
  })
})
