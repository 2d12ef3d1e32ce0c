import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { CLI_SCHEMA, localTime, ORIGINAL_SCHEMAS, Original } from './original.ts'

const ALL_MIGRATIONS = [
  '0000_tables',
  '0001_function',
  '0002_execution_log',
  '0003_function',
  '0004_reporters',
  '0005_function',
]

const settings = resolveSettings({
  failureLimit: fraction(3, 5),
  successLimit: fraction(1, 2),
  cooldown: '20s',
})
const MINUTE = 60_000
const soon = Math.floor(Date.now() / 1_000) * 1_000 + 60 * MINUTE
const past = soon - 120 * MINUTE

let database: TestDatabase
let client: pg.Client
const query = async (text: string, values: unknown[] = []) =>
  (await client.query(text, values)).rows

beforeEach(async () => {
  database = await createDatabase(inject('postgresUrl'), 'upgrade')
  client = new pg.Client(database.url)
  await client.connect()
})
afterEach(async () => {
  await client.end()
  await database.drop()
})

const ROWS = [
  { key: 'closed', state: 'CLOSED', failures: 2, until: null },
  { key: 'open', state: 'OPEN', failures: 5, until: soon },
  { key: 'open no more', state: 'OPEN', failures: 5, until: past },
  { key: 'half', state: 'HALF_OPEN', failures: 0, until: null },
]

describe.each(Object.keys(ORIGINAL_SCHEMAS) as (keyof typeof ORIGINAL_SCHEMAS)[])(
  'a table made by %s',
  (maker) => {
    const zoneless = maker === 'its runtime'

    async function fill(timeZone: string) {
      await client.query(ORIGINAL_SCHEMAS[maker])
      const text = (instant: number | null) =>
        instant === null
          ? null
          : zoneless
            ? localTime(instant, timeZone)
            : new Date(instant).toISOString()
      for (const { key, state, failures, until } of ROWS) {
        await query(
          'insert into rc_circuit_breakers (resource_key, state, failure_count, open_until, created_at, updated_at) values ($1, $2, $3, $4, $5, $6)',
          [key, state, failures, text(until), text(past), text(past + 1_000)],
        )
      }
    }

    it.each(['UTC', 'Asia/Tokyo'])('keeps every row and instant (%s)', async (originalTimeZone) => {
      await fill(originalTimeZone)
      const { applied, notices } = await migrate(database.url, { originalTimeZone })
      expect(applied).toEqual(ALL_MIGRATIONS)
      expect(notices.join()).toContain('upgraded the table of the Python library, 4 rows kept')
      expect(notices.join().includes(originalTimeZone)).toBe(zoneless)

      const rows = await query(
        'select * from rc_circuit_breakers order by array_position($1::text[], resource_key)',
        [ROWS.map(({ key }) => key)],
      )
      expect(rows).toMatchObject(
        ROWS.map(({ key, state, failures, until }) => ({
          resource_key: key,
          namespace: 'default',
          state,
          failure_count: failures,
          open_until: until === null ? null : new Date(until),
          created_at: new Date(past),
          updated_at: new Date(past + 1_000),
          generation: '0',
        })),
      )
    })

    it("reads times in the session's zone where none is named", async () => {
      await fill('America/New_York')
      await client.query("set timezone = 'America/New_York'")
      await migrate(client)
      const [row] = await query(
        "select open_until from rc_circuit_breakers where resource_key = 'open'",
      )
      expect(row.open_until.getTime()).toBe(soon)
    })

    it('reads times in the zone that the database is set to name', async () => {
      await fill('America/New_York')
      await query(
        `alter database "${new URL(database.url).pathname.slice(1)}" set rc.original_time_zone = 'America/New_York'`,
      )
      await migrate(database.url)
      const [row] = await query(
        "select open_until from rc_circuit_breakers where resource_key = 'open'",
      )
      expect(row.open_until.getTime()).toBe(soon)
    })

    it('goes on as the breakers that it kept', async () => {
      await fill('UTC')
      await migrate(database.url)
      const storage = new DrizzleStorage(drizzle({ client }))
      const ids = ROWS.map(({ key }) => ({ resourceKey: key, namespace: 'default' }))
      const found = await storage.exchange(ids)
      expect(found.map(({ snapshot }) => snapshot.status)).toEqual([
        'CLOSED',
        'OPEN',
        'OPEN',
        'HALF_OPEN',
      ])
      const verdicts: string[] = []
      for (const id of ids)
        verdicts.push((await storage.acquire({ ...id, settings, leaseMs: 5_000 })).verdict)
      expect(verdicts).toEqual(['admitted', 'rejected', 'probe', 'probe'])
      const { items } = await storage.history()
      expect(items.filter(({ cause }) => cause === 'foreign')).toHaveLength(3)
    })

    it('is the same to drizzle-kit as a table of our own, but for the indexes that stay', async () => {
      await fill('UTC')
      await migrate(database.url)
      const own = await createDatabase(inject('postgresUrl'), 'own')
      const other = new pg.Client(own.url)
      await other.connect()
      try {
        await migrate(other)
        for (const text of [COLUMNS, CONSTRAINTS, TRIGGERS, OPTIONS])
          expect(await query(text)).toEqual((await other.query(text)).rows)
      } finally {
        await other.end()
        await own.drop()
      }
      const indexes = (
        await query(
          "select indexname as name from pg_indexes where tablename = 'rc_circuit_breakers'",
        )
      ).map(({ name }) => name)
      expect(indexes).toContain('idx_rc_circuit_breakers_state')
      expect(indexes).not.toContain('idx_rc_circuit_breakers_state_updated')
      expect(
        await query(
          "select proname from pg_proc where proname = 'update_rc_circuit_breakers_updated_at_column'",
        ),
      ).toEqual([])
    })

    it('is left as it is when the upgrade fails', async () => {
      await fill('UTC')
      await query(
        'alter table rc_circuit_breakers drop constraint if exists rc_circuit_breakers_state_check',
      )
      await query("insert into rc_circuit_breakers (resource_key, state) values ('odd', 'MELTED')")
      const before = await query(COLUMNS)
      await expect(migrate(database.url)).rejects.toMatchObject({
        name: 'StorageError',
        sqlState: '23514',
      })
      expect(await query(COLUMNS)).toEqual(before)
      expect(await query("select to_regclass('drizzle.__drizzle_migrations') as journal")).toEqual([
        { journal: null },
      ])
    })
  },
)

const COLUMNS = `select column_name, data_type, column_default, is_nullable from information_schema.columns
  where table_name = 'rc_circuit_breakers' order by 1`
const CONSTRAINTS = `select conname, pg_get_constraintdef(oid) as definition from pg_constraint
  where conrelid = 'rc_circuit_breakers'::regclass order by 1`
const TRIGGERS = `select tgname from pg_trigger where tgrelid = 'rc_circuit_breakers'::regclass order by 1`
const OPTIONS = `select reloptions from pg_class where oid = 'rc_circuit_breakers'::regclass`

describe('a table in use by an earlier version of this library', () => {
  const REPORTERS = [
    'seen',
    'seen_at',
    'failures',
    'failed',
    'failed_nth',
    'alone',
    'alone_until',
    'calls_bucket',
    'calls_ms',
    'calls',
    'tells',
    'calls_first',
    'accounted_at',
    'recently_failed',
    'credit',
  ]
  const id = { resourceKey: 'payments', namespace: 'default' }
  let storage: DrizzleStorage
  let flush = 100

  beforeEach(async () => {
    await migrate(client)
    // As that version left it: without the columns, and nothing of them in the journal.
    await client.query(
      `alter table rc_circuit_breakers ${REPORTERS.map((name) => `drop column ${name}`).join(', ')}`,
    )
    await query('delete from drizzle.__drizzle_migrations where created_at >= 5')
    await query(
      `insert into rc_circuit_breakers (resource_key, version, log, flush_ids, updated_at)
       values ('payments', 3, '0000', '{7}', now())`,
    )
    expect((await migrate(client)).applied).toEqual(['0004_reporters', '0005_function'])
    storage = new DrizzleStorage(drizzle({ client }))
  })

  const tell = async (outcomes: string, reporter?: number) => {
    const [row] = await query('select flush_ids[1] as since from rc_circuit_breakers')
    const report = {
      generation: 0,
      flushId: ++flush,
      since: row.since,
      outcomes,
      tokens: [],
      released: [],
      retryAfterMs: null,
      trip: false,
      wouldReject: 0,
      settings,
      ...(reporter !== undefined && { reporter: { id: reporter, aliveMs: 60_000 } }),
    }
    return (await storage.exchange([{ ...id, report }]))[0]!.snapshot
  }

  it('keeps its rows, which go on', async () => {
    expect(await tell('0', 1)).toMatchObject({ version: 4, log: '00000', status: 'CLOSED' })
    expect((await tell('111', 1)).status).toBe('OPEN')
  })

  it('takes isolates of the earlier version, which give no name, for alive, and for as many as they have failures', async () => {
    await tell('0')
    expect((await tell('111', 1)).status).toBe('CLOSED')
    expect((await tell('1')).status).toBe('OPEN')
  })

  it('opens by the failures of isolates of the earlier version alone', async () => {
    await tell('0', 1)
    expect((await tell('111')).status).toBe('OPEN')
  })

  it('lets statements of the earlier version write, which name none of the columns', async () => {
    await tell('1', 1)
    await query(`update rc_circuit_breakers set log = log || b'0', version = version + 1`)
    const { reporters, log } = (await storage.exchange([id]))[0]!.snapshot
    expect(log).toBe('000010')
    expect(reporters).toMatchObject({ failures: 1, failed: [{ id: 1, nth: 1 }] })
  })
})

it('upper-cases the states of a table', async () => {
  await client.query(ORIGINAL_SCHEMAS['its runtime'])
  await query(
    "insert into rc_circuit_breakers (resource_key, state) values ('a', 'half_open'), ('b', 'open')",
  )
  await migrate(client)
  expect(await query('select state from rc_circuit_breakers order by resource_key')).toEqual([
    { state: 'HALF_OPEN' },
    { state: 'OPEN' },
  ])
})

it('puts right what the command line of the Python library did to an upgraded table', async () => {
  await migrate(client)
  await client.query(CLI_SCHEMA)
  const { applied } = await migrate(client)
  expect(applied).toEqual(ALL_MIGRATIONS)
  expect(await query(TRIGGERS)).toEqual([
    { tgname: 'rc_circuit_breakers_updated_at' },
    { tgname: 'rc_circuit_breakers_window' },
  ])
  expect((await migrate(client)).applied).toEqual([])
})

describe.each([
  { zone: 'UTC', trigger: true },
  { zone: 'UTC', trigger: false },
  { zone: 'Asia/Tokyo', trigger: true },
  { zone: 'Asia/Tokyo', trigger: false },
])('beside a process of the Python library ($zone, trigger: $trigger)', ({ zone, trigger }) => {
  const id = { resourceKey: 'payments', namespace: 'default' }
  const CLOSED = { state: 'CLOSED', failureCount: 0, openUntil: null }
  let storage: DrizzleStorage
  let original: Original
  let flush = 0

  beforeEach(async () => {
    await client.query(ORIGINAL_SCHEMAS['its runtime'])
    const name = new URL(database.url).pathname.slice(1)
    await migrate(client, { originalTimeZone: zone })
    if (!trigger)
      await client.query('drop trigger rc_circuit_breakers_updated_at on rc_circuit_breakers')
    // Its role's time zone, and for once ours, too: our statements do not depend on it.
    await query(`alter role current_user in database "${name}" set timezone = '${zone}'`)
    await client.query(`set timezone = '${zone}'`)
    storage = new DrizzleStorage(drizzle({ client }))
    original = new Original(database.url, zone)
    await original.start()
  })

  const acquire = () => storage.acquire({ ...id, settings, leaseMs: 5_000 })
  const open = () =>
    storage.control({
      ...id,
      command: { order: { command: 'open', cooldownMs: [20_000] }, actor: null, reason: null },
    })
  const read = async () => (await storage.exchange([id]))[0]!.snapshot
  async function report(outcomes: string, tokens: readonly number[] = []) {
    const { generation } = await read()
    const [row] = await query('select flush_ids[1] as since from rc_circuit_breakers')
    const [answer] = await storage.exchange([
      {
        ...id,
        report: {
          generation,
          flushId: ++flush,
          since: row?.since ?? null,
          outcomes,
          tokens,
          released: [],
          retryAfterMs: null,
          trip: false,
          wouldReject: 0,
          settings,
        },
      },
    ])
    return answer!
  }

  it('rejects what that process opened, until its very second', async () => {
    const openUntil = Math.floor(Date.now() / 1_000) * 1_000 + 60 * MINUTE
    await original.save('payments', { state: 'OPEN', failureCount: 3, openUntil })
    const { verdict, snapshot } = await acquire()
    expect(verdict).toBe('rejected')
    expect(snapshot).toMatchObject({ status: 'OPEN', failureCount: 3, openUntil, cause: 'foreign' })
    expect(await original.load('payments')).toEqual({ state: 'OPEN', failureCount: 3, openUntil })
  })

  it('shows what we opened to its new instances', async () => {
    const before = Date.now()
    await report('111')
    await report('11')
    const { openUntil } = (await read()) as unknown as { openUntil: number }
    expect(await original.load('payments')).toMatchObject({ state: 'OPEN', openUntil })
    expect(openUntil).toBeGreaterThan(before)
  })

  it('is not closed by one that still believes CLOSED, nor shortened by one that writes back whole seconds', async () => {
    await open()
    const before = await read()
    await original.save('payments', CLOSED)
    expect((await acquire()).verdict).toBe('rejected')
    await original.save('payments', { state: 'CLOSED', failureCount: 1, openUntil: null })
    expect((await read()).status).toBe('OPEN')
    const seen = await original.load('payments')
    await original.save('payments', {
      ...seen!,
      openUntil: Math.floor(seen!.openUntil! / 1_000) * 1_000,
    })
    const { generation, log, opens } = before
    expect(await read()).toMatchObject({ status: 'OPEN', generation, log, opens })
    expect(await original.load('payments')).toEqual(seen)
  })

  it('keeps window, generation and leases through its blind upserts', async () => {
    await report('0110')
    const { generation } = await read()
    await original.save('payments', { state: 'CLOSED', failureCount: 1, openUntil: null })
    expect(await read()).toMatchObject({ status: 'CLOSED', generation, log: '0110' })
    expect((await report('1')).snapshot).toMatchObject({ status: 'OPEN', log: '01101' })

    await query('update rc_circuit_breakers set open_until = $1, own_open_until = $1', [
      new Date(past),
    ])
    const probe = await acquire()
    expect(probe.verdict).toBe('probe')
    await original.save('payments', { state: 'CLOSED', failureCount: 3, openUntil: null })
    expect(await read()).toMatchObject({
      status: 'HALF_OPEN',
      generation: probe.snapshot.generation,
      leases: [probe.token],
    })
    expect((await report('0', [probe.token!])).snapshot.status).toBe('CLOSED')
    expect(await original.load('payments')).toEqual(CLOSED)
  })

  it('closes when a process that probed by itself says so', async () => {
    await open()
    await query('update rc_circuit_breakers set open_until = $1, own_open_until = $1', [
      new Date(past),
    ])
    await original.save('payments', CLOSED)
    expect(await acquire()).toMatchObject({
      verdict: 'admitted',
      snapshot: { status: 'CLOSED', cause: 'foreign' },
    })
  })
})

describe('updated_at', () => {
  const at = async () =>
    (
      await query("select updated_at from rc_circuit_breakers where resource_key = 'k'")
    )[0].updated_at.getTime()

  beforeEach(async () => {
    await migrate(client)
    await query("insert into rc_circuit_breakers (resource_key, updated_at) values ('k', $1)", [
      new Date(past),
    ])
  })

  it.each(["state = 'OPEN'", 'failure_count = 3', "open_until = '2040-01-01'"])(
    'moves when somebody sets %s and forgets it',
    async (change) => {
      const before = Date.now()
      await query(`update rc_circuit_breakers set ${change}`)
      expect(await at()).toBeGreaterThanOrEqual(before - 1_000)
    },
  )

  it.each(["state = 'CLOSED'", "settings = '{}'", 'failure_count = 0', 'opens = 3'])(
    'stays when somebody sets %s',
    async (change) => {
      await query(`update rc_circuit_breakers set ${change}`)
      expect(await at()).toBe(past)
    },
  )

  it('is what the writer says where it says something', async () => {
    await query('update rc_circuit_breakers set failure_count = 1, updated_at = $1', [
      new Date(past + 5),
    ])
    expect(await at()).toBe(past + 5)
  })

  it('is ours in what we write', async () => {
    const storage = new DrizzleStorage(drizzle({ client }))
    await query(
      'update rc_circuit_breakers set version = 7, failure_count = 2 where resource_key = $1',
      ['k'],
    )
    expect(await at()).toBe(past)
    const id = { resourceKey: 'k', namespace: 'default' }
    const order = { command: 'open', cooldownMs: [1_000] } as const
    const { snapshot } = await storage.control({
      ...id,
      command: { order, actor: null, reason: null },
    })
    expect(await at()).toBe(snapshot.updatedAt)
  })
})
