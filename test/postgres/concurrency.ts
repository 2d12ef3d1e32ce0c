import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { resolveSettings, type Settings } from '../../src/core/settings.ts'
import type { Snapshot } from '../../src/core/snapshot.ts'
import type { ExchangeRequest } from '../../src/fleet/port.ts'
import type { DrizzleDatabase } from '../../src/postgres/drizzle-database.ts'
import { asStorageError, StorageError } from '../../src/postgres/errors.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { plainReport } from '../support/plain-report.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { Random } from '../support/random.ts'
import { pushSchema } from './support.ts'

type Report = NonNullable<ExchangeRequest['report']>

const CLIENTS = 50
const NOBODY: Pick<Snapshot, 'generation' | 'since'> = { generation: 0, since: null }
const random = new Random(2)

/** Counts everything, never trips. */
const counting = resolveSettings({
  failureLimit: failureRate(1, { over: '1h', minimumThroughput: 1_000_000 }),
})

function report(
  seen: Pick<Snapshot, 'generation' | 'since'>,
  outcomes: string,
  settings: Settings,
  more: Partial<Report> = {},
): Report {
  const { generation, since } = seen
  const flushId = random.int(-(2 ** 31), 2 ** 31 - 1)
  return { ...plainReport(outcomes, flushId, since, settings), generation, ...more }
}

function countedIn(snapshot: Snapshot): number {
  const buckets = snapshot.status === 'CLOSED' ? snapshot.buckets : null
  return [...(buckets?.successes ?? []), ...(buckets?.failures ?? [])].reduce((a, b) => a + b, 0)
}

async function together<T>(count: number, run: (i: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => run(i)))
}

export interface Shell {
  readonly shell: 'tables only' | 'function'
  /** A statement that installs what the shell needs beside the tables. */
  readonly install: string
  /** How many outcomes each client reports to the key that all share: a multiple of 20. */
  readonly outcomes: number
}

export function testConcurrency({ shell, install, outcomes: each }: Shell): void {
  describe(`50 clients of one database (${shell})`, () => {
    let database: TestDatabase
    let pool: pg.Pool
    let storage: DrizzleStorage
    const refusals: string[] = []
    /** Aborted when a test has ended, also by its time limit. */
    let test = new AbortController()

    beforeAll(async () => {
      database = await createDatabase(inject('postgresUrl'), 'concurrency')
      await pushSchema(database.url)
      pool = new pg.Pool({ connectionString: database.url, max: CLIENTS })
      await pool.query(install)
      storage = new DrizzleStorage(noting(drizzle({ client: pool })))
    })
    beforeEach(() => {
      test = new AbortController()
    })
    afterEach(() => {
      test.abort()
      refusals.splice(0)
    })
    afterAll(async () => {
      await pool.end()
      await database.drop()
    })

    /** What the storage retries by itself would go unseen. */
    function noting(db: DrizzleDatabase): DrizzleDatabase {
      const note = (error: unknown): never => {
        // Without a state it is not the database that refuses: a caller gave up between two statements.
        const { sqlState } = asStorageError(error)
        if (sqlState !== undefined) refusals.push(sqlState)
        throw error
      }
      return {
        execute: (statement) => db.execute(statement).then((rows) => rows, note),
        transaction: (run) => db.transaction(run).catch(note),
      }
    }

    /** A busy database has counted nothing: what it refused is sent again as it is. */
    async function insist<T>(call: () => Promise<T>): Promise<T> {
      const { signal } = test
      for (;;) {
        signal.throwIfAborted()
        try {
          return await call()
        } catch (error) {
          if (!(error instanceof StorageError && error.code === 'STORAGE_BUSY')) throw error
        }
      }
    }
    const send = (requests: readonly ExchangeRequest[]) => insist(() => storage.exchange(requests))

    it(`counts ${each} outcomes of each on one key exactly, single and in batches, each batch sent twice at once and again at the end`, async () => {
      const id = { resourceKey: 'hot', namespace: 'default' }
      const sent: Report[] = []
      let writes = 0
      await together(CLIENTS, async (client) => {
        const size = client % 2 === 0 ? 1 : 20
        let seen = NOBODY
        for (let done = 0; done < each; ) {
          const outcomes = Array.from({ length: size }, () => random.pick(['0', '1'])).join('')
          const request = { ...id, report: report(seen, outcomes, counting) }
          const answers = await Promise.all(
            size === 1 ? [send([request])] : [send([request]), send([request])],
          )
          const verdicts = answers.map(([answer]) => answer!.verdict)
          seen = answers[0]![0]!.snapshot
          // Where the row has moved on too far none is counted, and it goes out anew.
          if (verdicts.every((verdict) => verdict === 'unknown')) continue
          expect(
            verdicts.filter((verdict) => verdict === 'counted'),
            verdicts.join(),
          ).toHaveLength(1)
          done += size
          writes++
          sent.push(request.report)
        }
      })
      const [before] = await send([id])
      expect(countedIn(before!.snapshot)).toBe(CLIENTS * each)
      expect(before!.snapshot.version).toBe(writes)

      const again = random.int(0, 9)
      const late = await together(
        Math.floor(sent.length / 10),
        async (i) => (await send([{ ...id, report: sent[i * 10 + again]! }]))[0]!.verdict,
      )
      expect(new Set(late)).toEqual(
        new Set(['unknown', ...(late.includes('duplicate') ? ['duplicate'] : [])]),
      )
      expect(countedIn((await send([id]))[0]!.snapshot)).toBe(CLIENTS * each)
    })

    it('never deadlocks where each takes several keys in an order of its own, and counts all', async () => {
      const keys = Array.from({ length: 20 }, (_, i) => ({
        resourceKey: `key ${i}`,
        namespace: 'many',
      }))
      const expected = new Map(keys.map(({ resourceKey }) => [resourceKey, 0]))
      await together(CLIENTS, async () => {
        const seen = new Map<string, Pick<Snapshot, 'generation' | 'since'>>()
        for (let round = 0; round < 10; round++) {
          const order = keys.map((key) => ({ key, at: random.next() })).sort((a, b) => a.at - b.at)
          let open = order.slice(0, 5).map(({ key }) => ({
            ...key,
            report: report(seen.get(key.resourceKey) ?? NOBODY, '01', counting),
          }))
          while (open.length > 0) {
            const answers = await send(open)
            for (const { snapshot } of answers) seen.set(snapshot.resourceKey, snapshot)
            for (const { snapshot, verdict } of answers) {
              if (verdict === 'counted')
                expected.set(snapshot.resourceKey, expected.get(snapshot.resourceKey)! + 2)
            }
            open = open
              .filter((_, i) => answers[i]!.verdict === 'unknown')
              .map(({ report: old, ...key }) => ({
                ...key,
                report: report(seen.get(key.resourceKey)!, old.outcomes, counting),
              }))
          }
        }
      })
      const answers = await send(keys)
      expect(answers.map(({ snapshot }) => countedIn(snapshot))).toEqual([...expected.values()])
      expect([...expected.values()].reduce((a, b) => a + b)).toBe(CLIENTS * 10 * 5 * 2)
      expect(refusals).not.toContain('40P01')
    })

    it('makes each transition once, lets out only the probes that may be, and counts nothing of a generation that is over', async () => {
      const id = { resourceKey: 'flapping', namespace: 'default' }
      const settings = resolveSettings({
        failureLimit: fraction(5, 10),
        successLimit: fraction(4, 6),
        probeConcurrency: 3,
        cooldown: (opens) => Math.min(5 * opens, 20),
      })
      let running = true
      let most = 0
      const look = async () => {
        const { rows } = await pool.query(
          `select (select count(*) from unnest(leases) l where l / 1000 > extract(epoch from clock_timestamp()) * 1000)::int as live
           from rc_circuit_breakers where resource_key = $1`,
          [id.resourceKey],
        )
        most = Math.max(most, rows[0]?.live ?? 0)
      }
      const watching = (async () => {
        while (running) await look()
      })()

      const told: number[] = []
      await together(CLIENTS - 1, async (client) => {
        const kept: Report[] = []
        let previous: readonly number[] = []
        // On a slow machine a client may spend all its calls on one open: it goes on until there was something to see.
        for (let call = 0; call < 40 || (told.length < 8 && call < 4_000); call++) {
          const leaseMs = random.pick([10, 60_000])
          const { verdict, token, snapshot, transitions } = await storage.acquire({
            ...id,
            settings,
            leaseMs,
          })
          told.push(...transitions.map(({ generation }) => generation))
          if (verdict === 'rejected') continue
          // Or else, on a busy machine, the watcher might see none.
          if (token !== null && leaseMs > 10 && most === 0) await look()
          // The dependency is well at first, then fails, then is well again.
          const phase = call % 40
          const bad = random.chance(phase < 10 ? 0.05 : phase < 20 ? 0.95 : 0.25)
          const tokens = token === null ? [] : [token, ...previous]
          const next = report(
            snapshot,
            (bad ? '1' : '0').repeat(Math.max(1, tokens.length)),
            settings,
            { tokens },
          )
          previous = token === null ? previous : [token]
          // Some results come late, and some never. Three probes with long leases that do not report would keep all waiting for a minute.
          const reports = token !== null && leaseMs > 10
          if (!reports && random.chance(0.1)) kept.push(next)
          else if (reports || !random.chance(0.05)) await deliver(next)
        }
        for (const late of kept) await deliver(late)

        async function deliver(request: Report) {
          const [answer] = await send([{ ...id, report: request }])
          told.push(...answer!.transitions.map(({ generation }) => generation))
          if (answer!.verdict !== 'counted') return
          const { generation, previousGeneration } = answer!.snapshot
          expect(
            answer!.transitions.length === 0 ? generation : previousGeneration,
            `client ${client}`,
          ).toBe(request.generation)
          expect(answer!.snapshot.log.length).toBeLessThanOrEqual(1_000)
        }
      })
      running = false
      await watching

      const { rows } = await pool.query(
        'select generation::float8, from_state, to_state from rc_circuit_transitions where resource_key = $1 order by id',
        [id.resourceKey],
      )
      const generations = rows.map(({ generation }) => generation as number)
      expect(rows.length).toBeGreaterThan(6)
      expect(new Set(generations).size).toBe(generations.length)
      expect(generations).toEqual([...generations].sort((a, b) => a - b))
      expect(rows.map((row) => row.from_state)).toEqual([
        'CLOSED',
        ...rows.slice(0, -1).map((row) => row.to_state),
      ])
      expect(
        [...told].sort((a, b) => a - b),
        'each transition was told to one client',
      ).toEqual(generations)
      expect(most).toBeGreaterThan(0)
      expect(most).toBeLessThanOrEqual(3)
    })

    describe('a row that somebody holds', () => {
      const id = { resourceKey: 'held', namespace: 'default' }
      let holder: pg.Client

      beforeAll(async () => {
        holder = new pg.Client(database.url)
        await holder.connect()
      })
      afterAll(() => holder.end())

      async function someoneWaits(): Promise<void> {
        const waiting = async () =>
          (
            await holder.query(
              "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
            )
          ).rows
        await expect.poll(waiting).not.toEqual([])
      }

      it('lets go of a caller whose signal fires, and of his outcome nothing is known', async () => {
        await send([{ ...id, report: report(NOBODY, '0', counting) }])
        await holder.query('begin')
        await holder.query('select 1 from rc_circuit_breakers where resource_key = $1 for update', [
          id.resourceKey,
        ])
        const controller = new AbortController()
        const waiting = storage.exchange([{ ...id, report: report(NOBODY, '0', counting) }], {
          signal: controller.signal,
        })
        const settled = expect(waiting).rejects.toThrow('enough')
        await someoneWaits()
        controller.abort(new Error('enough'))
        await settled
        await holder.query('rollback')
      })

      it('is waited for up to the lock timeout, three times; then the database is busy, and nothing was counted', async () => {
        const key = { resourceKey: 'busy', namespace: 'default' }
        await send([{ ...key, report: report(NOBODY, '0', counting) }])
        await holder.query('begin')
        await holder.query('select 1 from rc_circuit_breakers where resource_key = $1 for update', [
          key.resourceKey,
        ])
        const waiting = storage.exchange([{ ...key, report: report(NOBODY, '0', counting) }])
        await expect(waiting).rejects.toMatchObject({
          name: 'StorageError',
          code: 'STORAGE_BUSY',
          sqlState: '55P03',
        })
        expect(refusals).toEqual(['55P03', '55P03', '55P03'])
        await holder.query('rollback')
        expect(countedIn((await send([key]))[0]!.snapshot)).toBe(1)
      })

      it('and that is pruned meanwhile begins anew with what was waiting for it', async () => {
        const key = { resourceKey: 'pruned', namespace: 'default' }
        await send([{ ...key, report: report(NOBODY, '00', counting) }])
        await holder.query('begin')
        await holder.query('delete from rc_circuit_breakers where resource_key = $1', [
          key.resourceKey,
        ])
        const waiting = send([{ ...key, report: report(NOBODY, '1', counting) }])
        await someoneWaits()
        await holder.query('commit')
        expect((await waiting)[0]).toMatchObject({
          verdict: 'counted',
          snapshot: { log: '1', version: 1 },
        })
        expect((await send([key]))[0]!.snapshot).toMatchObject({ log: '1', version: 1 })
      })
    })
  })
}
