import { type NeonDbError, neon } from '@neondatabase/serverless'
import { eq, sql as raw } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/neon-http'
import {
  bigint,
  boolean,
  customType,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  varchar,
} from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type Endpoints, KINDS, routeDriver, startEndpoints } from './endpoints.ts'

let endpoints: Endpoints

beforeAll(async () => {
  endpoints = await startEndpoints(inject('postgresUrl'))
  routeDriver(endpoints.PGlite, endpoints.PostgreSQL)
})
afterAll(() => endpoints.close())

const VALUES = `select
  1::int2 as int2, 2::int4 as int4, 9007199254740993::int8 as int8, 1.50::numeric as numeric, 0.1::float4 as float4, 'NaN'::float8 as float8,
  true as yes, null::bool as unknown, 'ü "quoted" \\ 😀' as text, 'x'::varchar(5) as varchar, 'y'::char(3) as char, ''::text as empty,
  '{"b": [1, null], "a": "é"}'::json as json, '{"b": [1, null], "a": "é"}'::jsonb as jsonb,
  '2024-02-29 12:34:56.789012+02'::timestamptz as timestamptz, '2024-02-29 12:34:56'::timestamp as timestamp, '2024-02-29'::date as date,
  '1 day 02:03:04'::interval as interval, '12:34:56+02'::timetz as timetz, '\\x00ff10'::bytea as bytea, b'0101'::varbit as varbit,
  '7b2f0f0c-5d0a-4a51-a6a9-0b7b9f1e2a3c'::uuid as uuid, '10.0.0.1/8'::inet as inet, '(1,2)'::point as point,
  array[1, null, 3]::int4[] as int4s, array[9007199254740993]::int8[] as int8s, array['a,b', 'c"d', null, ''] as texts,
  array[true, false] as bools, array['2024-02-29T00:00:00Z'::timestamptz] as instants, array[array[1, 2], array[3, 4]] as matrix,
  array['{"a":1}'::jsonb] as jsonbs, '{}'::text[] as none, row(1, 'x') as record, int4range(1, 5) as range`

describe.each(KINDS)("Neon's driver over %s", (kind) => {
  const connect = () => neon(endpoints[kind].databaseUrl)

  it('parses every type', async () => {
    const [row] = await connect().query(VALUES)
    expect(row).toMatchObject({
      int4: 2,
      int8: '9007199254740993',
      yes: true,
      unknown: null,
      text: 'ü "quoted" \\ 😀',
      jsonb: { a: 'é', b: [1, null] },
      timestamptz: new Date('2024-02-29T10:34:56.789Z'),
      bytea: Buffer.from([0, 255, 16]),
      int4s: [1, null, 3],
      texts: ['a,b', 'c"d', null, ''],
      matrix: [
        [1, 2],
        [3, 4],
      ],
    })
  })

  it('sends every kind of parameter', async () => {
    const sql = connect()
    const bytes = Buffer.from([0, 1, 255])
    const at = new Date('2024-02-29T10:34:56.789Z')
    const [row] =
      await sql`select ${1}::int4 as int4, ${10n ** 15n}::int8 as int8, ${true}::bool as bool, ${null}::text as none,
      ${'x'}::text as text, ${{ a: [1] }}::jsonb as jsonb, ${at}::timestamptz as at, ${bytes}::bytea as bytes,
      ${['a', null, 'b"\\\n']}::text[] as texts, ${[[1, 2]]}::int4[] as matrix`
    expect(row).toEqual({
      int4: 1,
      int8: '1000000000000000',
      bool: true,
      none: null,
      text: 'x',
      jsonb: { a: [1] },
      at,
      bytes,
      texts: ['a', null, 'b"\\\n'],
      matrix: [[1, 2]],
    })
  })

  it('throws a NeonDbError with the SQLSTATE', async () => {
    const sql = connect()
    await expect(sql`select 1/0`).rejects.toMatchObject({
      name: 'NeonDbError',
      message: 'division by zero',
      code: '22012',
      severity: 'ERROR',
      detail: undefined,
    })
    await expect(sql`select * from missing`).rejects.toMatchObject({
      code: '42P01',
      position: '15',
    })
  })

  it('runs a transaction with its options', async () => {
    const sql = connect()
    const [level, mode] = await sql.transaction(
      [sql`show transaction_isolation`, sql`show transaction_read_only`],
      {
        isolationLevel: 'Serializable',
        readOnly: true,
        deferrable: true,
      },
    )
    expect([level, mode]).toEqual([
      [{ transaction_isolation: 'serializable' }],
      [{ transaction_read_only: 'on' }],
    ])
    await expect(
      sql.transaction([sql`create table t ()`], { readOnly: true }),
    ).rejects.toMatchObject({ code: '25006' })
  })

  it('says that the server could not do it when the answer is too large', async () => {
    await expect(connect()`select repeat('x', 11000000)`).rejects.toThrow(
      'Server error (HTTP status 507)',
    )
  })

  it('does not show a wrong password', async () => {
    const url = new URL(endpoints[kind].databaseUrl)
    url.password = 'not-the-password'
    const error = await neon(url.href)`select 1`.catch((error: NeonDbError) => error)
    expect(error).toMatchObject({
      name: 'NeonDbError',
      message: "password authentication failed for user 'postgres'",
    })
    expect(JSON.stringify(error)).not.toContain('not-the-password')
  })
})

describe.each(KINDS)('Drizzle over %s', (kind) => {
  const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })
  const things = pgTable('things', {
    id: integer().primaryKey(),
    name: varchar({ length: 20 }).notNull(),
    big: bigint({ mode: 'bigint' }),
    on: boolean(),
    doc: jsonb(),
    at: timestamp({ withTimezone: true, precision: 3 }),
    tags: text().array(),
    bytes: bytea(),
  })
  const full = {
    id: 1,
    name: 'one',
    big: 9007199254740993n,
    on: true,
    doc: { a: [1, null, 'é'] },
    at: new Date('2024-02-29T10:34:56.789Z'),
    tags: ['a', 'b"c', ''],
    bytes: Buffer.from([0, 255]),
  }
  const empty = {
    id: 2,
    name: 'two',
    big: null,
    on: null,
    doc: null,
    at: null,
    tags: null,
    bytes: null,
  }
  const connect = () => drizzle({ client: neon(endpoints[kind].databaseUrl) })

  beforeAll(async () => {
    await connect().execute(raw`create table things (id int primary key, name varchar(20) not null, big int8, "on" bool, doc jsonb,
      at timestamptz(3), tags text[], bytes bytea)`)
  })

  it('writes and reads back every column', async () => {
    const db = connect()
    await db.insert(things).values([full, empty])
    expect(await db.select().from(things).orderBy(things.id)).toEqual([full, empty])
    expect(
      await db
        .update(things)
        .set({ on: false })
        .where(eq(things.id, 2))
        .returning({ on: things.on }),
    ).toEqual([{ on: false }])
    expect(await db.delete(things).where(eq(things.id, 2))).toMatchObject({
      command: 'DELETE',
      rowCount: 1,
    })
  })

  it('executes raw SQL with parameters', async () => {
    const { rows, rowCount, fields } = await connect().execute(
      raw`select ${5}::int as n, ${'x'}::text as t`,
    )
    expect({ rows, rowCount, names: fields.map((field) => field.name) }).toEqual({
      rows: [{ n: 5, t: 'x' }],
      rowCount: 1,
      names: ['n', 't'],
    })
  })

  it('runs a batch as one transaction', async () => {
    const db = connect()
    const [inserted, selected, executed] = await db.batch([
      db.insert(things).values({ id: 10, name: 'ten' }).returning({ id: things.id }),
      db.select({ name: things.name }).from(things).where(eq(things.id, 10)),
      db.execute(raw`select count(*)::int as n from things where id = 10`),
    ])
    expect(inserted).toEqual([{ id: 10 }])
    expect(selected).toEqual([{ name: 'ten' }])
    expect(executed.rows).toEqual([{ n: 1 }])
  })

  it('undoes a batch that fails, and gives the SQLSTATE as the cause', async () => {
    const db = connect()
    const twice = { id: 20, name: 'twenty' }
    await expect(
      db.batch([db.insert(things).values(twice), db.insert(things).values(twice)]),
    ).rejects.toMatchObject({
      code: '23505',
      constraint: 'things_pkey',
    })
    expect(await db.select().from(things).where(eq(things.id, 20))).toEqual([])
    await expect(db.insert(things).values({ id: 1, name: 'again' })).rejects.toMatchObject({
      cause: { code: '23505' },
    })
  })
})

describe('PGlite and PostgreSQL', () => {
  /** Object ids, source lines and timings are a server's own. */
  const OWN = ['tableID', 'line', 'file', 'routine']
  const without = (own: readonly string[], value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (key, inner) => (own.includes(key) ? undefined : inner)))

  const onBoth = async (query: string, params: unknown[] = []) => {
    const answers = KINDS.map(async (kind) => {
      const sql = neon(endpoints[kind].databaseUrl, { fullResults: true })
      return without(
        [...OWN, '_parsers', '_types'],
        await sql
          .query(query, params)
          .catch(({ message, ...rest }: NeonDbError) => ({ ...rest, message })),
      )
    })
    return Promise.all(answers)
  }

  beforeAll(async () => {
    await onBoth(
      'create table same (id int primary key, name varchar(20) not null, amount numeric(10, 2) check (amount > 0), tags text[])',
    )
  })

  it.each([
    [VALUES],
    ["insert into same values (1, 'a', 1.5, '{x,y}'), (2, 'b', 2, null) returning *"],
    ['select * from same order by id'],
    ["update same set name = name || '!' where id = $1 returning name", [1]],
    ['delete from same where false'],
    ["insert into same values (1, 'a') on conflict (id) do nothing"],
    ['explain (costs off) select 1'],
    ['show search_path'],
    ['show time zone'],
    ['show datestyle'],
    ['show default_transaction_isolation'],
    ['select current_user, session_user, current_schema'],
    ['values (1, null), (2, $1)', ['x']],
    ['select'],
    [''],
    [
      'select $1::text[] as texts, $2::jsonb as doc, $3::bytea as bytes',
      [['a', null], { a: 1 }, Buffer.from([1, 2])],
    ],
    ['do $$ begin perform 1; end $$'],
    // Errors: what is wrong with the data, with the text, and with the names.
    ["insert into same values (1, 'a')"],
    ['insert into same (id) values (3)'],
    ["insert into same values (4, 'a', -1)"],
    ["insert into same values (5, 'much longer than twenty characters')"],
    ["select 'x'::int"],
    ['select $1::int', ['x']],
    ['select 1/$1::int', [0]],
    ['selec 1'],
    ['select * from missing'],
    ['select missing from same'],
    ['select missing()'],
    ['select $1'],
    ['create table same ()'],
    [
      "do $$ begin raise exception 'no' using errcode = '40001', detail = 'd', hint = 'h', table = 't'; end $$",
    ],
    ["do $$ begin execute 'selec'; end $$"],
  ])('answer %j alike', async (query, params: unknown[] = []) => {
    const [embedded, server] = await onBoth(query, params)
    expect(embedded).toEqual(server)
  })
})
