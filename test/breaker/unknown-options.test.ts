import { describe, expect, it } from 'vitest'
import { circuitDashboard } from '../../src/dashboard/index.ts'
import { createStorage } from '../../src/env/node.ts'
import { protectFetch, rejectionResponse } from '../../src/fetch/index.ts'
import { circuitBreaker } from '../../src/hono/index.ts'
import {
  CircuitProtectorPolicy,
  ExponentialDelay,
  failureRate,
  fraction,
  ProtectedCallError,
  RetryWithBackoffPolicy,
  SafetyNet,
} from '../../src/index.ts'
import { DrizzleStorage } from '../../src/postgres/index.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { neonStorage as overFetch } from '../../src/postgres/neon-fetch.ts'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { simulate } from '../../src/testing/index.ts'

const URL = 'postgres://user:secret@ep-x.eu.aws.neon.tech/db'

const breakerWithin = (consistency: { readonly maxStaleness: '1s' }) =>
  new CircuitProtectorPolicy({ consistency })
const create = () => new InMemoryStorage()
const rejection = new ProtectedCallError({
  resourceKey: 'key',
  namespace: 'default',
  status: 'OPEN',
  reason: 'OPEN',
  retryAfterMs: undefined,
  snapshot: undefined,
})

/** By what takes the options: one that does not exist, and the one that is meant. */
const MISSPELT: readonly [string, (options: object) => unknown, string, string][] = [
  ['a breaker', (o) => new CircuitProtectorPolicy(o), 'failureLimits', 'failureLimit'],
  ['a breaker', (o) => new CircuitProtectorPolicy(o), 'coolDown', 'cooldown'],
  ['the middleware', (o) => circuitBreaker({ resourceKey: 'key', ...o }), 'isFailed', 'isFailure'],
  ['a protected fetch', (o) => protectFetch(o), 'maxBreaker', 'maxBreakers'],
  ['a retry', (o) => new RetryWithBackoffPolicy(o), 'maxRetry', 'maxRetries'],
  ['a safety net', (o) => new SafetyNet({ policies: [], ...o }), 'policy', 'policies'],
  ['a delay', (o) => new ExponentialDelay({ minDelay: 1, maxDelay: 2, ...o }), 'facter', 'factor'],
  ['a rate', (o) => failureRate(0.5, { over: '10s', ...o }), 'minThroughput', 'minimumThroughput'],
  ['memory', (o) => new InMemoryStorage(o), 'clocks', 'clock'],
  [
    'the dashboard',
    (o) => circuitDashboard({ storage: new InMemoryStorage(), auth: { token: 't' }, ...o }),
    'pagesize',
    'pageSize',
  ],
  ['Neon', (o) => neonStorage(URL, o), 'fetchEndpoints', 'fetchEndpoint'],
  ['Neon by fetch', (o) => overFetch(URL, o), 'schemas', 'schema'],
  ['a pool', (o) => nodePostgresStorage(URL, o), 'maximum', 'max'],
  ['a bound', (o) => breakerWithin({ maxStaleness: '1s', ...o }), 'maxStale', 'maxStaleness'],
  ['a rejection', (o) => rejectionResponse(rejection, o), 'exposeName', 'exposeNames'],
  [
    'a source of storages',
    (o) => circuitBreaker({ resourceKey: 'key', storage: { key: () => '', create, ...o } }),
    'creates',
    'create',
  ],
  ['a simulation', (o) => simulate(o as never), 'seeds', 'seed'],
  ['Drizzle', (o) => new DrizzleStorage({} as never, o), 'shema', 'schema'],
  [
    'the environment',
    (o) => createStorage({}, { onNotice: () => {}, ...o }),
    'nameSpace',
    'namespace',
  ],
]

describe('an option that does not exist', () => {
  it.each(MISSPELT)('is refused by %s, with the nearest one', (_, make, option, meant) => {
    expect(() => make({ [option]: undefined })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTION', option }),
    )
    expect(() => make({ [option]: 1 })).toThrow(`did you mean ${meant}?`)
  })

  it('is refused by a query, which would else answer with all there is', async () => {
    const storages = [new InMemoryStorage(), overFetch(URL)]
    for (const storage of storages) {
      await expect(storage.list({ nameSpace: 'a' } as never)).rejects.toThrow('namespace')
      await expect(storage.history({ resourcekey: 'a' } as never)).rejects.toThrow('resourceKey')
      await expect(storage.prune({ breakersOlderThan: 1 } as never)).rejects.toThrow('Ms?')
    }
  })

  it('is refused by a call, a permit and an order, too', async () => {
    const policy = new CircuitProtectorPolicy({ failureLimit: fraction(1, 1) })
    await expect(policy.execute(() => 1, { singal: 1 } as never)).rejects.toThrow('signal')
    await expect(policy.acquire({ leese: 1 } as never)).rejects.toThrow('lease')
    await expect(policy.isolate({ fro: '10m' } as never)).rejects.toThrow('for')
    expect(policy.status).toBe('CLOSED')
  })
})
