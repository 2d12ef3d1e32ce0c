import { randomBytes } from 'node:crypto'
import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type NodePostgresStorage, nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { plainReport } from '../support/plain-report.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { pushSchema } from './support.ts'

const settings = resolveSettings({ failureLimit: fraction(1, 1) })
const key = (resourceKey: string) => ({ resourceKey, namespace: 'default' })
let flushId = 0
const failed = (resourceKey: string, since: number | null = null) => ({
  ...key(resourceKey),
  report: plainReport('1', ++flushId, since, settings),
})
const open = (resourceKey: string) => ({
  ...key(resourceKey),
  command: { order: { command: 'open', cooldownMs: [60_000] }, actor: null, reason: null } as const,
})

const trigger = (when: string, table: string, body: string) => `
  create function meddle() returns trigger language plpgsql as $$ begin ${body} end $$;
  create trigger meddle ${when} on ${table} for each row execute function meddle()`
const SECURED = `alter table rc_circuit_breakers enable row level security`
const policy = (command: string) =>
  `create policy may_${command} on rc_circuit_breakers for ${command} ${
    command === 'insert' ? 'with check' : 'using'
  } (true)`

describe.each(['tables only', 'function'])('a database that undoes writes (%s)', (shell) => {
  let database: TestDatabase
  let admin: pg.Client
  let storage: NodePostgresStorage
  let urlOfRole: string
  const role = `rc_role_${randomBytes(6).toString('hex')}`

  /** Anew each time: PostgreSQL keeps the plan of a statement that a rule made nothing of. */
  async function connect() {
    await storage?.close()
    storage = nodePostgresStorage(urlOfRole, { max: 2 })
    // Its first answer tells it whether there is a function to call.
    await storage.exchange([key('any')])
  }

  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'), 'undone')
    if (shell === 'function') await migrate(database.url)
    else await pushSchema(database.url)
    admin = new pg.Client(database.url)
    await admin.connect()
    await admin.query(`create role ${role} login password 'pw';
      grant select, insert, update, delete on rc_circuit_breakers, rc_circuit_transitions to ${role}`)
    const url = new URL(database.url)
    url.username = role
    url.password = 'pw'
    urlOfRole = url.href
    await connect()
  })
  afterAll(async () => {
    await storage.close()
    await admin.query(`drop owned by ${role}; drop role ${role}`)
    await admin.end()
    await database.drop()
  })

  /** What a write ends in while the database is set up so; `before` comes first. */
  async function endsIn(
    setUp: string,
    write: () => Promise<unknown>,
    before: () => Promise<unknown> = async () => {},
  ): Promise<unknown> {
    await admin.query('truncate rc_circuit_breakers, rc_circuit_transitions')
    await before()
    await admin.query(setUp)
    try {
      return await write().catch((error) => error)
    } finally {
      await connect()
      await admin.query(`drop function if exists meddle cascade;
        drop policy if exists may_select on rc_circuit_breakers;
        drop policy if exists may_insert on rc_circuit_breakers;
        drop policy if exists may_update on rc_circuit_breakers;
        alter table rc_circuit_breakers disable row level security;
        drop rule if exists nothing on rc_circuit_breakers;
        drop rule if exists nothing on rc_circuit_transitions;
        alter table rc_circuit_transitions drop constraint if exists late`)
    }
  }
  const report = () => storage.exchange([failed('k')])
  const once = () => storage.exchange([failed('k')])
  const notWritten = { name: 'StorageError', code: 'NOT_WRITTEN', sqlState: 'RC001' }

  it.each([
    [
      'a policy for select and insert alone',
      `${SECURED}; ${policy('select')}; ${policy('insert')}`,
    ],
    ['a policy for insert alone', `${SECURED}; ${policy('insert')}`],
    [
      'a BEFORE INSERT trigger that returns null',
      trigger('before insert', 'rc_circuit_breakers', 'return null;'),
    ],
    [
      'a BEFORE INSERT trigger that rewrites the key',
      trigger(
        'before insert',
        'rc_circuit_breakers',
        `new.resource_key := upper(new.resource_key); return new;`,
      ),
    ],
    [
      'a rule for inserts',
      'create rule nothing as on insert to rc_circuit_breakers do instead nothing',
    ],
  ])('says of a new row that it cannot be found: %s', async (_, setUp) => {
    const error = await endsIn(setUp, report)
    expect(error).toMatchObject(notWritten)
    expect((error as Error).message).toMatch(/a trigger, a rule or a row-level security policy/)
    expect(await endsIn(setUp, () => storage.control(open('k')))).toMatchObject(notWritten)
  })

  it.each([
    ['drops it', 'return null;'],
    ['returns the old row', 'return old;'],
    ['changes the state', `new.state := 'CLOSED'; return new;`],
    ['changes the key', `new.resource_key := new.resource_key || '2'; return new;`],
  ])(
    'says of an update that it was not stored: a BEFORE UPDATE trigger that %s',
    async (_, body) => {
      const setUp = trigger('before update', 'rc_circuit_breakers', body)
      const control = () => storage.control(open('k'))
      expect(await endsIn(setUp, report)).toMatchObject(notWritten)
      expect(await endsIn(setUp, control, once)).toMatchObject(notWritten)
      await endsIn(setUp, report)
      expect((await admin.query('select from rc_circuit_breakers')).rowCount).toBe(0)
    },
  )

  it.each([
    ['a trigger', trigger('before insert', 'rc_circuit_transitions', 'return null;')],
    ['a rule', 'create rule nothing as on insert to rc_circuit_transitions do instead nothing'],
  ])('says that a line of the audit log was not stored: %s', async (_, setUp) => {
    expect(await endsIn(setUp, report)).toMatchObject(notWritten)
  })

  it.each([
    ['no policy at all', SECURED, 'NOT_ALLOWED', '42501'],
    [
      'a rule for updates',
      'create rule nothing as on update to rc_circuit_breakers do instead nothing',
      'STORAGE_FAILED',
      '0A000',
    ],
    [
      'an AFTER trigger that raises',
      trigger('after update', 'rc_circuit_breakers', `raise exception 'no writes today';`),
      'STORAGE_FAILED',
      'P0001',
    ],
    [
      'a deferred constraint',
      `alter table rc_circuit_transitions add constraint late unique (to_state) deferrable initially deferred;
       insert into rc_circuit_transitions (resource_key, namespace, generation, from_state, to_state, cause, at)
       values ('a', 'b', 1, 'CLOSED', 'OPEN', 'opened', now())`,
      'BAD_DATA',
      '23505',
    ],
  ])('ends at once with the database’s word: %s', async (_, setUp, code, sqlState) => {
    expect(await endsIn(setUp, report)).toMatchObject({ name: 'StorageError', code, sqlState })
  })

  it('tells of what was pruned by what was deleted', async () => {
    const DAY_MS = 86_400_000
    const prune = () =>
      storage.prune({ breakersOlderThanMs: DAY_MS, transitionsOlderThanMs: DAY_MS })
    const closedLongAgo = async () => {
      const control = (order: Parameters<typeof storage.control>[0]['command']['order']) =>
        storage.control({ ...key('k'), command: { order, actor: null, reason: null } })
      await control({ command: 'open', cooldownMs: [60_000] })
      await control({ command: 'close' })
      await admin.query(`update rc_circuit_breakers set updated_at = now() - interval '2 days';
        update rc_circuit_transitions set at = now() - interval '2 days'`)
    }
    const keeps = (table: string) => trigger('before delete', table, 'return null;')
    expect(await endsIn('select 1', prune, closedLongAgo)).toEqual({ breakers: 1, transitions: 2 })
    expect(await endsIn(keeps('rc_circuit_transitions'), prune, closedLongAgo)).toEqual({
      breakers: 1,
      transitions: 0,
    })
    expect(await endsIn(keeps('rc_circuit_breakers'), prune, closedLongAgo)).toEqual({
      breakers: 0,
      transitions: 2,
    })
  })
})

describe('a function that the role may not call', () => {
  let database: TestDatabase
  let admin: pg.Client
  const role = `rc_role_${randomBytes(6).toString('hex')}`
  const url = () => {
    const own = new URL(database.url)
    own.username = role
    own.password = 'pw'
    return own.href
  }
  beforeAll(async () => {
    database = await createDatabase(inject('postgresUrl'), 'not_allowed')
    await migrate(database.url)
    admin = new pg.Client(database.url)
    await admin.connect()
    await admin.query(`create role ${role} login password 'pw';
      grant select, insert, update on rc_circuit_breakers, rc_circuit_transitions to ${role}`)
  })
  afterAll(async () => {
    await admin.query(`drop owned by ${role}; drop role ${role}`)
    await admin.end()
    await database.drop()
  })
  const revoke = () =>
    admin.query(`revoke execute on function ${FUNCTION_NAME}(jsonb) from public, ${role}`)
  const grant = () => admin.query(`grant execute on function ${FUNCTION_NAME}(jsonb) to public`)

  it.each(['before the first call', 'after calls'])(
    'is done without, which is told once: %s',
    async (when) => {
      const notices: unknown[] = []
      await using storage = nodePostgresStorage(url(), {
        max: 1,
        onNotice: (notice) => void notices.push(notice),
      })
      await grant()
      if (when === 'after calls') {
        await storage.exchange([key(when)])
        await storage.exchange([key(when)])
      }
      await revoke()
      const [first] = await storage.exchange([failed(when)])
      expect(first).toMatchObject({ verdict: 'counted', snapshot: { status: 'OPEN' } })
      await storage.exchange([key(when)])
      expect(await storage.control(open(when))).toMatchObject({ verdict: 'commanded' })
      expect(notices).toEqual([
        { code: 'FUNCTION_NOT_ALLOWED', message: expect.stringContaining('grant execute on') },
      ])
    },
  )

  it('is not called again where it was refused', async () => {
    await grant()
    const calls: string[] = []
    const pool = new pg.Pool({ connectionString: url(), max: 1 })
    const logQuery = (text: string) =>
      text.startsWith(`select ${FUNCTION_NAME}(`) ? void calls.push(text) : undefined
    const client = drizzle({ client: pool, logger: { logQuery } })
    const storage = new DrizzleStorage(client, { onNotice: () => {} })
    try {
      await storage.exchange([key('quiet')])
      await storage.exchange([key('quiet')])
      expect(calls).toHaveLength(1)
      await revoke()
      await storage.exchange([failed('quiet')])
      expect(calls).toHaveLength(2)
      for (let i = 0; i < 5; i++) await storage.exchange([key('quiet')])
      await storage.exchange([failed('quiet')])
      expect(calls).toHaveLength(2)
    } finally {
      await pool.end()
    }
  })
})
