import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { readingOf } from '../../src/core/reading.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { rankOf } from '../../src/fleet/paging.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type NodePostgresStorage, nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

const SCHEMA = 'breakers'
const TABLE = `${SCHEMA}.rc_circuit_breakers`
const settings = resolveSettings({ failureLimit: fraction(2, 2), cooldown: '1m' })

let database: TestDatabase
let client: pg.Client
let storage: NodePostgresStorage
const query = async (text: string, values: unknown[] = []) =>
  (await client.query(text, values)).rows

beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'), 'foreign_rows')
  client = new pg.Client(database.url)
  await client.connect()
  await migrate(database.url, { schema: SCHEMA })
  storage = nodePostgresStorage(database.url, { schema: SCHEMA })
})
afterAll(async () => {
  await storage.close()
  await client.end()
  await database.drop()
})

/** A row as a process of the Python library since 0.6 writes it. */
async function theirs(resourceKey: string, state: string, failures: number, until: Date | null) {
  await query(
    `insert into ${TABLE} (resource_key, namespace, state, failure_count, open_until, execution_log)
      values ($1, 'default', $2, $3, $4, '[false, true]')`,
    [resourceKey, state, failures, until],
  )
}

const inOneHour = () => new Date(Date.now() + 3_600_000)
const idOf = (resourceKey: string) => ({ resourceKey, namespace: 'default' })

describe('rows of the Python library in a schema of their own', () => {
  it('have the window that its processes ask for, and each transition of ours empties it', async () => {
    await theirs('window', 'CLOSED', 0, null)
    const window = async () =>
      (await query(`select execution_log as log from ${TABLE} where resource_key = 'window'`))[0]
    const command = { order: { command: 'reset' }, actor: null, reason: null } as const
    expect(await window()).toEqual({ log: [false, true] })
    await storage.control({ ...idOf('window'), command })
    expect(await window()).toEqual({ log: [] })
    const report = { outcomes: '1', tokens: [], released: [], retryAfterMs: null, trip: true }
    const { snapshot } = (await storage.exchange([idOf('window')]))[0]!
    const { generation, since } = snapshot
    await query(`update ${TABLE} set execution_log = '[true]' where resource_key = 'window'`)
    const full = { ...report, generation, since, flushId: 1, wouldReject: 0, settings }
    await storage.exchange([{ ...idOf('window'), report: full }])
    expect(await window()).toEqual({ log: [] })
  })

  it('are all listed once, page by page, whatever count of failures they say', async () => {
    for (let i = 0; i < 12; i++) {
      const [state, until] = i % 3 === 0 ? ['OPEN', inOneHour()] : ['CLOSED', null]
      await theirs(`paged ${i}`, state!.toString(), (i * 7) % 5, until as Date | null)
    }
    // Of these the count is the other program's, and the window ours.
    for (const i of [1, 2, 4])
      await query(`update ${TABLE} set own_state = 'HALF_OPEN' where resource_key = $1`, [
        `paged ${i}`,
      ])
    const found: string[] = []
    for (let after: string | null = null, page = 0; page < 20; page++) {
      const { items, next } = await storage.list({
        search: 'paged',
        limit: 1,
        ...(after !== null && { after }),
      })
      found.push(...items.map(({ resourceKey }) => resourceKey))
      after = next
      if (after === null) break
    }
    const all = Array.from({ length: 12 }, (_, i) => `paged ${i}`)
    expect(found.sort()).toEqual(all.sort())
  })

  it('are listed as due, or not, as the next caller will find them', async () => {
    const [past, soon, later] = [-60_000, 60_000, 3_600_000].map((ms) => new Date(Date.now() + ms))
    const states = ['OPEN', 'HALF_OPEN', 'CLOSED']
    const windows = ['[]', '[true]']
    let made = 0
    for (const theirState of states)
      for (const ownState of states)
        for (const theirEnd of [null, past, soon, later, 'infinity'])
          for (const ownEnd of [past, soon])
            for (const log of windows) {
              await theirs(`due ${made}`, theirState, 0, theirEnd as Date)
              await query(
                `update ${TABLE} set own_state = $2, own_open_until = $3, execution_log = $4,
                  cooldown_ms = 120000 where resource_key = $1`,
                [`due ${made++}`, ownState, ownState === 'OPEN' ? ownEnd : null, log],
              )
            }
    const all = await storage.list({ search: 'due ', limit: 1_000, summary: true })
    expect(all.items).toHaveLength(made)
    const keys = (items: readonly { resourceKey: string }[]) =>
      items.map(({ resourceKey }) => resourceKey).sort()
    const due = all.items.filter((snapshot) => readingOf(snapshot).phase === 'DUE')
    expect(due.length).toBeGreaterThan(20)
    expect(all.items.length - due.length).toBeGreaterThan(20)
    const listed = await storage.list({ search: 'due ', limit: 1_000, due: true })
    expect(keys(listed.items)).toEqual(keys(due))
    expect(all.summary!.due).toBe(due.length)
    const ranks = all.items.map((snapshot) => rankOf(snapshot, snapshot.at))
    expect(ranks).toEqual([...ranks].sort())
  })

  it('are read by a role that may only read as the next writer will find them', async () => {
    await theirs('read', 'OPEN', 5, inOneHour())
    const role = `reader_${new URL(database.url).pathname.slice(1)}`
    await query(`create role ${role} login password 'reads'; grant usage on schema ${SCHEMA} to ${role};
      grant select on all tables in schema ${SCHEMA} to ${role}`)
    const url = Object.assign(new URL(database.url), { username: role, password: 'reads' })
    const reader = nodePostgresStorage(url.href, { schema: SCHEMA, onNotice: () => {} })
    try {
      for (let i = 0; i < 2; i++) {
        const [answer] = await reader.exchange([idOf('read')])
        expect(answer).toMatchObject({ verdict: 'none', transitions: [] })
        expect(answer!.snapshot).toMatchObject({ status: 'OPEN', cause: 'foreign' })
        expect(answer!.snapshot.retryAfterMs).toBeGreaterThan(3_000_000)
        const asked = { ...idOf('read'), settings, leaseMs: 1_000 }
        expect(await reader.acquire(asked)).toMatchObject({
          verdict: 'rejected',
          token: null,
          snapshot: { status: 'OPEN', cause: 'foreign' },
        })
      }
      const report = { outcomes: '0', tokens: [], released: [], retryAfterMs: null, trip: false }
      const full = { ...report, generation: 0, since: null, flushId: 2, wouldReject: 0, settings }
      await expect(reader.exchange([{ ...idOf('read'), report: full }])).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
      })
    } finally {
      await reader.close()
      await query(`drop owned by ${role}; drop role ${role}`)
    }
  })
})
