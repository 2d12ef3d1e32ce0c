import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import { fraction } from '../../src/core/limits.ts'
import { readingOf } from '../../src/core/reading.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { LaterOriginal, type LaterState, Original } from './original.ts'
import { pushSchema } from './support.ts'

const settings = resolveSettings({ failureLimit: fraction(3, 5), successLimit: fraction(1, 1) })
const id = { resourceKey: 'payments', namespace: 'default' }
const CLOSED: LaterState = { state: 'CLOSED', failureCount: 0, openUntil: null, log: [] }
const MINUTE = 60_000

describe.each([{ form: 'migrated' }, { form: 'tables only' }])(
  'beside a process of Python 0.7 ($form)',
  ({ form }) => {
    let database: TestDatabase
    let client: pg.Client
    let storage: DrizzleStorage
    let later: LaterOriginal
    let flush = 0

    beforeEach(async () => {
      database = await createDatabase(inject('postgresUrl'), 'later')
      if (form === 'migrated') await migrate(database.url)
      else await pushSchema(database.url)
      client = new pg.Client(database.url)
      await client.connect()
      storage = new DrizzleStorage(drizzle({ client }))
      later = new LaterOriginal(database.url)
    })
    afterEach(async () => {
      await client.end()
      await database.drop()
    })

    const read = async () => (await storage.exchange([id]))[0]!.snapshot
    const acquire = () => storage.acquire({ ...id, settings, leaseMs: 5_000 })
    const window = async () => (await later.load('payments'))!.log
    const order = (command: 'close' | 'reset' | 'open', cooldownMs = 10 * MINUTE) =>
      storage.control({
        ...id,
        command: {
          order: command === 'open' ? { command, cooldownMs: [cooldownMs] } : { command },
          actor: null,
          reason: null,
        },
      })
    const expire = () =>
      client.query(
        "update rc_circuit_breakers set open_until = '2020-01-01', own_open_until = '2020-01-01', version = version + 1",
      )
    async function report(outcomes: string, tokens: readonly number[] = []) {
      const { generation, since } = await read()
      const [answer] = await storage.exchange([
        {
          ...id,
          report: {
            generation,
            flushId: ++flush,
            since,
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
      return answer!.snapshot
    }

    it('each transition of ours empties the window that it would load', async () => {
      await later.save('payments', { ...CLOSED, failureCount: 2, log: [true, false, false] })
      await report('0110')
      expect(await window()).toEqual([true, false, false])
      expect(await report('1')).toMatchObject({ status: 'OPEN' })
      expect(await window()).toEqual([])
      await expire()
      const { token, snapshot } = await acquire()
      expect(snapshot.status).toBe('HALF_OPEN')
      expect(await window()).toEqual([])
      await later.save('payments', {
        state: 'HALF_OPEN',
        failureCount: 0,
        openUntil: null,
        log: [false],
      })
      expect(await report('0', [token!])).toMatchObject({ status: 'CLOSED' })
      expect(await window()).toEqual([])
      for (const command of ['open', 'close', 'open', 'reset'] as const) {
        await client.query(
          "update rc_circuit_breakers set execution_log = '[false]', version = version + 1",
        )
        await order(command)
        expect(await window()).toEqual([])
      }
    })

    it('keeps the window that it wrote with a state of its own', async () => {
      await later.save('payments', {
        state: 'HALF_OPEN',
        failureCount: 0,
        openUntil: null,
        log: [true],
      })
      expect(await read()).toMatchObject({ status: 'HALF_OPEN', cause: 'foreign' })
      expect(await window()).toEqual([true])
    })

    it('its ordinary write leaves our open alone, and what it opens all reject', async () => {
      await order('open')
      expect(await later.save('payments', { ...CLOSED, log: [true] })).toBe(false)
      expect((await acquire()).verdict).toBe('rejected')
      await order('close')
      const openUntil = Date.now() + MINUTE
      await later.save('payments', { state: 'OPEN', failureCount: 3, openUntil, log: [] })
      expect(await acquire()).toMatchObject({
        verdict: 'rejected',
        snapshot: { status: 'OPEN', failureCount: 3, cause: 'foreign' },
      })
      expect(await later.load('payments')).toMatchObject({ state: 'OPEN', openUntil })
    })

    const resets = [null, [true], ...(form === 'migrated' ? [[]] : [])]
    it.each(resets)('is obeyed where it resets on purpose (window %j)', async (log) => {
      await order('open')
      await later.update('payments', { ...CLOSED, failureCount: 1, log })
      expect(await acquire()).toMatchObject({
        verdict: 'admitted',
        snapshot: { status: 'CLOSED', cause: 'foreign', failureCount: 0 },
      })
      expect(await later.load('payments')).toMatchObject({ state: 'CLOSED', log })
    })

    it.each(resets)('is obeyed where it shortens an open on purpose (window %j)', async (log) => {
      await order('open')
      const openUntil = Date.now() + MINUTE
      await later.update('payments', { state: 'OPEN', failureCount: 1, openUntil, log })
      expect(await read()).toMatchObject({ status: 'OPEN', openUntil })
      expect(await later.load('payments')).toMatchObject({ state: 'OPEN', openUntil, log: [] })
    })

    it('is obeyed where it deletes the row', async () => {
      const breaker = new CircuitProtectorPolicy({
        ...id,
        storage,
        consistency: 'strong',
        failureLimit: fraction(2, 2),
      })
      const fail = () =>
        breaker.execute(() => Promise.reject(new Error('down'))).catch(({ name }) => name)
      await fail()
      await fail()
      expect(await fail()).toBe('ProtectedCallError')
      expect(await later.delete('payments')).toBe(true)
      expect(await breaker.execute(async () => 'up')).toBe('up')
      expect(breaker.status).toBe('CLOSED')
      await fail()
      expect(breaker.status).toBe('CLOSED')
      await fail()
      expect(breaker.status).toBe('OPEN')
    })

    it('a blind write of 0.4 is undone, also after a reset of 0.7 and an open of ours', async () => {
      const earlier = new Original(database.url)
      await order('open')
      await later.update('payments', { ...CLOSED, log: [true] })
      expect(await read()).toMatchObject({ status: 'CLOSED' })
      await order('open')
      await earlier.save('payments', CLOSED)
      expect((await acquire()).verdict).toBe('rejected')
      expect(await earlier.load('payments')).toMatchObject({ state: 'OPEN' })
    })

    it('lists a row as the next call will find it, before any call', async () => {
      await later.save('payments', {
        state: 'OPEN',
        failureCount: 3,
        openUntil: Date.now() + 10 * MINUTE,
        log: [],
      })
      await storage.control({
        resourceKey: 'undone',
        namespace: 'default',
        command: { order: { command: 'open', cooldownMs: [MINUTE] }, actor: null, reason: null },
      })
      await new Original(database.url).save('undone', CLOSED)
      const listed = await storage.list({ status: 'OPEN', summary: true })
      expect(listed.items.map(({ resourceKey }) => resourceKey)).toEqual(['payments', 'undone'])
      expect(listed.summary!.counts).toEqual({ OPEN: 2, HALF_OPEN: 0, CLOSED: 0 })
      for (const item of listed.items) {
        const one = (await storage.exchange([item]))[0]!.snapshot
        expect(item).toMatchObject({
          status: one.status,
          failureCount: one.failureCount,
          cause: one.cause,
          opens: one.opens,
        })
        expect(readingOf(item).halfOpenInMs! - readingOf(one).halfOpenInMs!).toBe(one.at - item.at)
      }
    })
  },
)
