import pg from 'pg'
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  inject,
  it,
  vi,
} from 'vitest'
import { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import type { Notice } from '../../src/breaker/notice.ts'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type NodePostgresStorage, nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { FakeClock } from '../../src/testing/clock.ts'
import { plainReport } from '../support/plain-report.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { pushSchema } from './support.ts'

const BAD = '漢字🎉'
const settings = resolveSettings({ failureLimit: fraction(3, 3) })
const id = (resourceKey: string) => ({ resourceKey, namespace: 'default' })

/** A clock that passes by itself where a breaker waits between two requests, and stands still while the database is asked. */
class Clock extends FakeClock {
  override readonly after = async (ms: number, unneeded?: AbortSignal): Promise<void> => {
    if (ms > 1_000)
      return new Promise((resolve) => unneeded?.addEventListener('abort', () => resolve()))
    this.advance(ms)
  }
}

const DATABASES = [
  {
    what: 'a database that has no characters for it',
    options: `encoding 'LATIN1' template template0 lc_collate 'C' lc_ctype 'C'`,
    constraint: 'select 1',
    reads: false,
    sqlState: '22P05',
  },
  {
    what: 'a constraint of the user',
    options: '',
    constraint: `alter table rc_circuit_breakers add constraint plain check (resource_key ~ '^[a-z ]+$')`,
    reads: true,
    sqlState: '23514',
  },
] as const

const CASES = DATABASES.flatMap((one) => [
  { ...one, shell: 'tables only' },
  { ...one, shell: 'function' },
])

describe.each(CASES)('a key that is refused by $what ($shell)', (one) => {
  const { options, constraint, reads, sqlState, shell } = one
  let database: TestDatabase
  let client: pg.Client
  let storage: NodePostgresStorage

  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'), 'refused', options)
    if (shell === 'function') await migrate(database.url)
    else await pushSchema(database.url)
    client = new pg.Client(database.url)
    await client.connect()
    await client.query(constraint)
  })
  // A storage goes by the clock of its first breaker, and each test has a clock of its own.
  beforeEach(async () => {
    await client.query('truncate rc_circuit_breakers, rc_circuit_transitions')
    storage = nodePostgresStorage(database.url)
    // Its first answer tells it whether there is a function to call.
    await storage.exchange([id('any')])
  })
  afterEach(() => storage.close())
  afterAll(async () => {
    await client.end()
    await database.drop()
  })

  const keys = async () =>
    (await client.query('select resource_key from rc_circuit_breakers order by 1')).rows.map(
      (row) => row.resource_key,
    )
  const refused = { name: 'StorageError', code: 'BAD_DATA', sqlState }

  it('is refused with the database’s word, and nothing beside it is stored', async () => {
    const report = (key: string) => ({
      ...id(key),
      report: plainReport('1', 1, null, settings),
    })
    await expect(storage.exchange([report('good'), report(BAD)])).rejects.toMatchObject(refused)
    const command = {
      order: { command: 'open', cooldownMs: [60_000] },
      actor: null,
      reason: null,
    }
    await expect(storage.control({ ...id(BAD), command: command as never })).rejects.toMatchObject(
      refused,
    )
    const asks = { ...id(BAD), settings, leaseMs: 1_000 }
    if (!reads) await expect(storage.acquire(asks)).rejects.toMatchObject(refused)
    else
      expect(await storage.acquire(asks)).toMatchObject({
        verdict: 'admitted',
      })
    expect(await keys()).toEqual([])
  })

  it.each(['strong', { maxStaleness: '5s' }] as const)(
    'keeps a breaker from counting there, which protects its own process: %j',
    async (consistency) => {
      const clock = new Clock()
      const exchange = vi.spyOn(storage, 'exchange')
      const works: Promise<unknown>[] = []
      /** All that the calls so far have left behind is done. */
      const settled = async () => {
        while (works.length > 0) await works.pop()
      }
      const notices: Notice[] = []
      const degraded: unknown[] = []
      const breaker = (resourceKey: string) =>
        new CircuitProtectorPolicy({
          resourceKey,
          storage,
          consistency,
          failureLimit: fraction(3, 3),
          runtime: clock,
          background: (work) => void works.push(work),
          storageTimeout: '1m',
          operationTimeout: '10m',
          onNotice: (notice) => void notices.push(notice),
          onDegraded: (_, error) => void degraded.push(error),
        })
      const good = breaker('good')
      const bad = breaker(BAD)
      const succeed = async () => {
        await good.execute(() => {})
        await settled()
      }
      const fail = async () => {
        const message = await bad
          .execute(() => {
            throw new Error('down')
          })
          .catch((error: Error) => error.message)
        await settled()
        return message
      }
      const log = async () => (await storage.exchange([id('good')]))[0]!.snapshot.log

      for (let i = 0; i < 2; i++) await succeed()
      clock.advance('2s')
      for (let i = 0; i < 2; i++) expect(await fail()).toBe('down')
      for (let i = 0; i < 2; i++) await succeed()
      clock.advance('3s')
      // What waits of both goes in one request.
      await good.flush()
      expect(await fail()).toBe('down')
      expect(await fail()).toContain('OPEN')
      expect(bad.status).toBe('OPEN')

      expect(await log()).toBe('0000')
      expect(await keys()).toEqual(['good'])
      expect(degraded).toEqual([])
      expect(notices).toEqual([
        {
          code: 'REPORTS_REFUSED',
          message: expect.stringMatching(new RegExp(`${BAD}.*${sqlState}`)),
          error: expect.objectContaining(refused),
        },
      ])
      // A report of the good one travelled beside what was refused, and was counted all the same.
      const together = exchange.mock.settledResults.filter(
        ({ type }, i) =>
          type === 'rejected' &&
          exchange.mock.calls[i]![0].some(
            ({ resourceKey, report }) => resourceKey === 'good' && report,
          ),
      )
      if (consistency !== 'strong') expect(together).not.toEqual([])
    },
  )
})
