import { once } from 'node:events'
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { drizzle } from 'drizzle-orm/node-postgres'
import { type Context, Hono } from 'hono'
import pg from 'pg'
import { circuitDashboard } from '../../src/dashboard/index.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { sharedLine } from '../../src/storage.ts'
import { pushSchema } from '../postgres/support.ts'
import { createDatabase } from '../support/postgres.ts'

/** A storage whose clock can be moved on, and which can be filled with many breakers at once. */
export interface Stage {
  readonly storage: CircuitStorage
  advance(ms: number): Promise<void>
  /** Adds `count` closed breakers `bulk/0`, `bulk/1`, … */
  fill(count: number): Promise<void>
  clear(): Promise<void>
  close(): Promise<void>
}

export async function memoryStage(): Promise<Stage> {
  let ahead = 0
  let inner = new InMemoryStorage({ clock: () => Date.now() + ahead, maxEntries: null })
  const storage: CircuitStorage = {
    shared: false,
    line: sharedLine,
    exchange: (...args) => inner.exchange(...args),
    acquire: (...args) => inner.acquire(...args),
    control: (...args) => inner.control(...args),
    list: (...args) => inner.list(...args),
    history: (...args) => inner.history(...args),
    prune: (...args) => inner.prune(...args),
  }
  return {
    storage,
    advance: async (ms) => {
      ahead += ms
    },
    fill: async (count) => {
      const command = { order: { command: 'close' }, actor: null, reason: null } as const
      for (let i = 0; i < count; i++)
        await inner.control({ resourceKey: `bulk/${i}`, namespace: `ns-${i % 20}`, command })
    },
    clear: async () => {
      inner = new InMemoryStorage({ clock: () => Date.now() + ahead, maxEntries: null })
    },
    close: async () => {},
  }
}

/** Unqualified, `clock_timestamp()` is found in the first schema of the search path. */
const MOVABLE_CLOCK = `
  create schema rc_clock;
  create table rc_clock.ahead as select interval '0' as by;
  create function rc_clock.clock_timestamp() returns timestamptz language sql volatile as
    $$ select pg_catalog.clock_timestamp() + by from rc_clock.ahead $$;
  alter table rc_circuit_breakers alter created_at set default rc_clock.clock_timestamp()`

export async function postgresStage(serverUrl: string): Promise<Stage> {
  const database = await createDatabase(serverUrl, 'browser')
  await pushSchema(database.url)
  const pool = new pg.Pool({
    connectionString: database.url,
    max: 4,
    options: '-c search_path=rc_clock,public,pg_catalog',
  })
  // `end` does not wait for the server to hang up: dropping the database may still find a connection to end.
  pool.on('error', () => {})
  await pool.query(MOVABLE_CLOCK)
  return {
    storage: new DrizzleStorage(drizzle({ client: pool })),
    advance: async (ms) =>
      void (await pool.query(`update rc_clock.ahead set by = by + $1 * interval '1 ms'`, [ms])),
    fill: async (count) => {
      await pool.query(
        `insert into rc_circuit_breakers (resource_key, namespace, log, settings)
         select 'bulk/' || i, 'ns-' || i % 20, repeat('0', 200)::varbit,
           '{"trip":{"failures":5,"outOf":20},"probes":5,"successes":3,"probeConcurrency":5,"probeLeaseMs":30000,"cooldownMs":[30000]}'
           from generate_series(0, $1::int - 1) i`,
        [count],
      )
      await pool.query('analyze rc_circuit_breakers')
    },
    clear: async () =>
      void (await pool.query('truncate rc_circuit_breakers, rc_circuit_transitions')),
    close: async () => {
      await pool.end()
      await database.drop()
    },
  }
}

export interface Site {
  readonly origin: string
  close(): Promise<void>
}

/** An application with the dashboard at `/circuits`; a page of somebody else's at `/elsewhere`. */
export async function open(storage: CircuitStorage): Promise<Site> {
  const app = new Hono()
  app.get('/elsewhere', (c: Context) =>
    c.html(
      `<form method="post" action="${c.req.query('to')}"><input name="command" value="isolate"></form><button>win</button>`,
    ),
  )
  app.route(
    '/circuits',
    circuitDashboard({
      storage,
      auth: { username: 'mara', password: 'secret' },
      refresh: '1s',
      onError: () => {},
    }),
  )
  const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }) as Server
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP port')
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
