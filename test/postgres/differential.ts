import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Event } from '../../src/core/event.ts'
import { snapshotOf } from '../../src/core/snapshot.ts'
import { BLANK, type StoredState } from '../../src/core/state.ts'
import type { Exchanged } from '../../src/fleet/port.ts'
import { CREATE_FUNCTION } from '../../src/postgres/statements/function.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'
import { Random } from '../support/random.ts'
import { pushSchema, WINDOW_TRIGGER } from './support.ts'
import { Model } from './trace.ts'

const KEYS = 12

/** A clock of ours in front of PostgreSQL's own: unqualified, `clock_timestamp()` is found here first. */
const CLOCK = `
  create schema rc_clock;
  create function rc_clock.clock_timestamp() returns timestamptz language sql volatile as
    $$ select timestamptz 'epoch' + current_setting('rc.now_ms')::bigint * interval '1 ms' $$`

/**
 * Holds the SQL against the specification. Both shells have the same body, and each file runs it over operations of its own.
 * `RC_DIFFERENTIAL_OPERATIONS` and `RC_DIFFERENTIAL_SEED` replace what is given here.
 */
export function testDifferential(
  shell: 'tables only' | 'function',
  operations: number,
  seed: number,
): void {
  const OPERATIONS = Number(process.env['RC_DIFFERENTIAL_OPERATIONS'] ?? operations)
  const SEED = Number(process.env['RC_DIFFERENTIAL_SEED'] ?? seed)

  describe(`the SQL of the exchange (${shell})`, () => {
    let database: TestDatabase
    let client: pg.Client

    beforeAll(async () => {
      database = await createDatabase(inject('postgresUrl'), 'differential')
      await pushSchema(database.url)
      client = new pg.Client(database.url)
      await client.connect()
      await client.query(CLOCK)
      if (shell === 'function') {
        await client.query(CREATE_FUNCTION)
        await client.query(WINDOW_TRIGGER)
      }
      await client.query('set search_path = rc_clock, public, pg_catalog')
    })
    afterAll(async () => {
      await client.end()
      await database.drop()
    })

    it(`does what the specification does, over ${OPERATIONS} operations on a clock that steps both ways`, async () => {
      const random = new Random(SEED)
      const storage = new DrizzleStorage(drizzle({ client }))
      const models = Array.from({ length: KEYS }, () => new Model())
      const id = (i: number) => ({
        resourceKey: `key ${i}`,
        namespace: i % 2 === 0 ? 'default' : 'other',
      })
      let now = Date.UTC(2026, 0, 1)

      for (let done = 0; done < OPERATIONS; ) {
        now += random.chance(0.03)
          ? -random.int(0, 40_000)
          : random.pick([0, 1, 5, 300, 900, 2_500, random.int(0, 12_000)])
        if (random.chance(0.002)) now += 3_600_000 * random.int(1, 30)
        await client.query("select set_config('rc.now_ms', $1, false)", [String(now)])
        await meddle(random, models, id, now)

        // One operation on a few breakers at once; acquire and commands go alone, as the port has them.
        const chosen = [...models.keys()].filter(() => random.chance(0.5))
        const reports: number[] = []
        for (const i of chosen) {
          const event = models[i]!.event(random)
          if (event.type === 'report') reports.push(i)
          done++
          const trail = `operation ${done}, seed ${SEED}, ${JSON.stringify(id(i))}`
          if (event.type !== 'report')
            check(await send(storage, id(i), event), models[i]!, event, now, trail)
          else (models[i] as Model & { pending?: Event }).pending = event
        }
        if (reports.length > 0) {
          const pending = (i: number) =>
            (models[i] as Model & { pending: Extract<Event, { type: 'report' }> }).pending
          // A breaker that is only read travels along with those that report.
          const read = random.pick(
            [...models.keys()]
              .filter((i) => !reports.includes(i))
              .concat(reports.length === KEYS ? [] : [-1]),
          )
          const ids = read === undefined || read < 0 ? reports : [...reports, read]
          const answers = await storage.exchange(
            ids.map((i) => (i === read ? id(i) : { ...id(i), report: pending(i) })),
          )
          ids.forEach((i, n) => {
            check(
              answers[n]!,
              models[i]!,
              i === read ? null : pending(i),
              now,
              `operation ${done}, seed ${SEED}, ${JSON.stringify(id(i))}`,
            )
          })
        }
      }

      const { rows } = await client.query(
        'select resource_key, flush_ids, own_state = state as own from rc_circuit_breakers order by 1',
      )
      for (const row of rows) {
        const model = models[Number(row.resource_key.slice(4))]!
        if (model.foreign === null)
          expect(row).toMatchObject({ flush_ids: model.state.flushIds, own: true })
      }
    })

    /** What other programs, operators with a backup, and the vacuum cleaner do to rows. */
    async function meddle(
      random: Random,
      models: readonly Model[],
      id: (i: number) => { resourceKey: string; namespace: string },
      now: number,
    ) {
      for (const [i, model] of models.entries()) {
        const { resourceKey, namespace } = id(i)
        if (random.chance(0.02)) {
          const foreign = model.foreignWrite(random, now)
          const same =
            foreign.status === ownStatus(model.state) && foreign.openUntil === ownUntil(model.state)
          // Who wrote a window stays known until we write.
          const window = (foreign.window === true && !same) || model.foreign?.window === true
          model.foreign = { ...foreign, window }
          // Without the trigger, an empty window looks like ours.
          const log = shell === 'function' ? random.pick([null, '[]', '[true]']) : '[false]'
          const columns = 'resource_key, namespace, state, failure_count, open_until'
          await client.query(
            `insert into rc_circuit_breakers (${columns}) values ($1, $2, $3, $4, to_timestamp($5::float8 / 1000))
           on conflict (resource_key, namespace) do update set state = excluded.state, failure_count = excluded.failure_count,
             open_until = excluded.open_until, ${window ? 'execution_log = $6::jsonb, ' : ''}updated_at = current_timestamp`,
            [
              resourceKey,
              namespace,
              foreign.status,
              foreign.failureCount,
              foreign.openUntil,
              ...(window ? [log] : []),
            ],
          )
          if (
            model.foreign.status === ownStatus(model.state) &&
            model.foreign.openUntil === ownUntil(model.state)
          ) {
            // Not to be told from our own: only the count, and the time of the write, are another's.
            model.state = {
              ...model.state,
              failureCount: model.foreign.failureCount,
              updatedAt: Number.NaN,
            }
            model.foreign = null
          }
        } else if (model.foreign === null && random.chance(0.002)) {
          await client.query(
            'delete from rc_circuit_breakers where resource_key = $1 and namespace = $2',
            [resourceKey, namespace],
          )
          model.state = BLANK
        } else if (model.foreign === null && random.chance(0.004)) {
          await restore(resourceKey, namespace, model, random)
        }
      }
    }

    const backups = new Map<string, { row: unknown; state: StoredState }>()
    async function restore(resourceKey: string, namespace: string, model: Model, random: Random) {
      const backup = backups.get(resourceKey)
      const key = [resourceKey, namespace]
      if (backup && random.chance(0.5)) {
        await client.query(
          'delete from rc_circuit_breakers where resource_key = $1 and namespace = $2',
          key,
        )
        await client.query(
          'insert into rc_circuit_breakers select (jsonb_populate_record(null::rc_circuit_breakers, $1::jsonb)).*',
          [backup.row],
        )
        model.state = backup.state
      } else {
        const { rows } = await client.query(
          'select to_jsonb(c) as row from rc_circuit_breakers c where resource_key = $1 and namespace = $2',
          key,
        )
        if (rows[0]) backups.set(resourceKey, { row: rows[0].row, state: model.state })
      }
    }
  })
}

const ownStatus = (state: StoredState) => state.status
const ownUntil = (state: StoredState) => (state.status === 'OPEN' ? state.openUntil : null)

async function send(
  storage: DrizzleStorage,
  id: { resourceKey: string; namespace: string },
  event: Event,
): Promise<Exchanged & { token?: number | null }> {
  if (event.type === 'acquire') return storage.acquire({ ...id, ...event })
  if (event.type === 'command') return storage.control({ ...id, command: event })
  const request = event.type === 'show' ? { show: event } : { report: event }
  return (await storage.exchange([{ ...id, ...request }]))[0]!
}

function check(
  answer: Exchanged & { token?: number | null },
  model: Model,
  event: Event | null,
  now: number,
  trail: string,
) {
  const settled = model.settle(now)
  const expected =
    event === null ? { verdict: 'none', token: null, lines: [] } : model.apply(event, now)
  const { resourceKey, namespace } = answer.snapshot
  const snapshot = snapshotOf(model.state, resourceKey, namespace, now)
  const { updatedAt, ...rest } = answer.snapshot
  const { updatedAt: at, ...expectedRest } = snapshot
  expect({ verdict: answer.verdict, token: answer.token ?? null, ...rest }, trail).toEqual({
    verdict: expected.verdict,
    token: expected.token,
    ...expectedRest,
  })
  if (!Number.isNaN(at)) expect(updatedAt, trail).toBe(at)
  if (answer.verdict !== 'duplicate') {
    expect(
      answer.transitions.map(({ resourceKey, namespace, ...line }) => line),
      trail,
    ).toEqual([...settled, ...expected.lines])
  }
}
