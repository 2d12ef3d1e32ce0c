import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { LocalNeon } from '../../src/local/index.ts'
import { ask, type Endpoints, KINDS, post, startEndpoints } from './endpoints.ts'

let endpoints: Endpoints

beforeAll(async () => {
  endpoints = await startEndpoints(inject('postgresUrl'))
  for (const kind of KINDS)
    await ask(endpoints[kind], { query: 'create table t (id int primary key, note text)' })
})
afterAll(() => endpoints.close())

const ABSENT = {
  detail: null,
  hint: null,
  position: null,
  internalPosition: null,
  internalQuery: null,
  where: null,
  table: null,
  column: null,
  schema: null,
  dataType: null,
  constraint: null,
}

describe.each(KINDS)('the protocol over %s', (kind) => {
  let db: LocalNeon
  beforeAll(() => {
    db = endpoints[kind]
  })
  const failure = async (body: unknown, headers?: Record<string, string>) => {
    const response = await post(db, { body, ...(headers && { headers }) })
    return { status: response.status, ...((await response.json()) as object) }
  }
  const rows = async (query: string, params: unknown[] = [], headers?: Record<string, string>) =>
    ((await ask(db, { query, params }, headers)) as { rows: unknown }).rows

  it('answers a single statement with fields, rows, command and count', async () => {
    const response = await post(db, {
      body: { query: 'select $1::int8 as n, $2 as t', params: ['7', null] },
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toEqual({
      command: 'SELECT',
      rowCount: 1,
      rowAsArray: true,
      rows: [['7', null]],
      fields: [
        {
          name: 'n',
          dataTypeID: 20,
          tableID: 0,
          columnID: 0,
          dataTypeSize: 8,
          dataTypeModifier: -1,
          format: 'text',
        },
        {
          name: 't',
          dataTypeID: 25,
          tableID: 0,
          columnID: 0,
          dataTypeSize: -1,
          dataTypeModifier: -1,
          format: 'text',
        },
      ],
    })
  })

  it('names the table and the column that a field comes from', async () => {
    const { fields } = (await ask(db, { query: 'select note from t' })) as {
      fields: [{ tableID: number; columnID: number }]
    }
    const oid = await rows("select 't'::regclass::oid")
    expect([[String(fields[0].tableID)]]).toEqual(oid)
    expect(fields[0].columnID).toBe(2)
  })

  it.each([
    ['select 1 where false', 'SELECT', 0],
    ['insert into t values (100), (101)', 'INSERT', 2],
    ["update t set note = 'x' where id = 100", 'UPDATE', 1],
    ['delete from t where id >= 100 returning id', 'DELETE', 2],
    ['create temp table u ()', 'CREATE', null],
    ['do $$ begin end $$', 'DO', null],
    ['set local work_mem = 64', 'SET', null],
    ['/* nothing */ ', '', null],
    ['with c as (select 1) select * from c', 'SELECT', 1],
  ])('takes command and count of %j from the server', async (query, command, rowCount) => {
    expect(await ask(db, { query })).toMatchObject({ command, rowCount })
  })

  it.each([
    ['null', null, null],
    ['a string', 'it\'s "so"', 'it\'s "so"'],
    ['a whole number', 42, '42'],
    ['a fraction', -1.5, '-1.5'],
    ['true', true, 'true'],
    ['an object', { a: [1, 'b'] }, '{"a":[1,"b"]}'],
    ['an array', [1, 'two', null, true], '{1,"two",NULL,true}'],
    ['nested arrays', [[1], [2]], '{{1},{2}}'],
    ['an array of objects', [{ a: 'b"c' }], '{"{\\"a\\":\\"b\\\\\\"c\\"}"}'],
  ])('gives %s to the server as text', async (_, param, text) => {
    expect(await rows('select $1::text', [param])).toEqual([[text]])
  })

  it('keeps every character of a string within an array', async () => {
    const strings = ['', 'NULL', 'a"b', 'c\\d', 'e\nf', '{g,h}', 'ü😀']
    expect(await rows('select unnest($1::text[])', [strings])).toEqual(
      strings.map((string) => [string]),
    )
  })

  it('gives rows as objects without array mode, and lets a statement choose for itself', async () => {
    const headers = { 'Neon-Array-Mode': 'false' }
    expect(await ask(db, { query: 'select 1 as a, null as b' }, headers)).toMatchObject({
      rowAsArray: false,
      rows: [{ a: '1', b: null }],
    })
    expect(await ask(db, { query: 'select 1', arrayMode: true }, headers)).toMatchObject({
      rowAsArray: true,
      rows: [['1']],
    })
    expect(await ask(db, { query: 'select 1 as a', arrayMode: false })).toMatchObject({
      rowAsArray: false,
      rows: [{ a: '1' }],
    })
    expect(await ask(db, { query: 'select 1 as a' }, { 'Neon-Array-Mode': 'TRUE' })).toMatchObject({
      rowAsArray: false,
    })
  })

  it('gives typed JSON without raw text output', async () => {
    const query = `select true, 1::int2, 2::int4, 3::int8, 1.5::float8, 'NaN'::float4, 1.10::numeric, null::int,
      '{"a": 12345678901234567890}'::jsonb, array[1, null], array[[true], [false]], array['x y', 'q"', null, '', 'NULL'],
      '{}'::int4[], '[0:1]={5,6}'::int4[], array['{"k":1}'::json], '2020-01-02'::date`
    const response = await post(db, {
      body: { query },
      headers: { 'Neon-Raw-Text-Output': 'false' },
    })
    expect(await response.text()).toContain(
      '"rows":[[true,1,2,"3",1.5,"NaN","1.10",null,{"a": 12345678901234567890},[1,null],[[true],[false]],' +
        '["x y","q\\"",null,"","NULL"],[],[5,6],[{"k":1}],"2020-01-02"]]',
    )
  })

  it('gives arrays of a type of the user as lists without raw text output', async () => {
    await ask(db, { queries: [{ query: "create type mood as enum ('sad', 'ok')" }] })
    expect(
      await rows("select array['ok', 'sad']::mood[]", [], { 'Neon-Raw-Text-Output': '1' }),
    ).toEqual([[['ok', 'sad']]])
  })

  it('runs a batch as one transaction and answers each statement', async () => {
    const query = 'select pg_current_xact_id()::text'
    const { results } = (await ask(db, {
      queries: [{ query }, { query, arrayMode: false }, { query: 'select $1::int', params: [5] }],
    })) as {
      results: [{ rows: [[string]] }, { rows: [{ pg_current_xact_id: string }] }, { rows: unknown }]
    }
    expect(results).toHaveLength(3)
    expect(results[1].rows[0].pg_current_xact_id).toBe(results[0].rows[0][0])
    expect(results[2]).toMatchObject({ command: 'SELECT', rows: [['5']] })
  })

  it('answers an empty batch with no results', async () => {
    expect(await ask(db, { queries: [] })).toEqual({ results: [] })
  })

  it('undoes the whole batch when one statement fails', async () => {
    const insert = 'insert into t values (1)'
    expect(
      await failure({ queries: [{ query: insert }, { query: 'select 1/0' }, { query: insert }] }),
    ).toMatchObject({
      status: 400,
      code: '22012',
    })
    expect(await rows('select count(*) from t where id = 1')).toEqual([['0']])
  })

  it('reports a batch whose commit fails', async () => {
    await ask(db, { query: 'create table deferred (id int unique deferrable initially deferred)' })
    expect(
      await failure({ queries: [{ query: 'insert into deferred values (1), (1)' }] }),
    ).toMatchObject({
      status: 400,
      code: '23505',
    })
    expect(await rows('select count(*) from deferred')).toEqual([['0']])
  })

  it.each([
    ['ReadUncommitted', 'read uncommitted'],
    ['ReadCommitted', 'read committed'],
    ['RepeatableRead', 'repeatable read'],
    ['Serializable', 'serializable'],
  ])('runs a batch in %s and echoes it', async (level, name) => {
    const headers = { 'Neon-Batch-Isolation-Level': level }
    const response = await post(db, {
      body: { queries: [{ query: 'show transaction_isolation' }] },
      headers,
    })
    expect(response.headers.get('neon-batch-isolation-level')).toBe(level)
    expect(await response.json()).toMatchObject({ results: [{ rows: [[name]] }] })
  })

  it('runs a batch read-only and deferrable where the headers say exactly true, and echoes that', async () => {
    const queries = [
      'transaction_read_only',
      'transaction_deferrable',
      'transaction_isolation',
    ].map((name) => ({
      query: `show ${name}`,
    }))
    const batch = async (flag: string, level: Record<string, string> = {}) => {
      const headers = { 'Neon-Batch-Read-Only': flag, 'Neon-Batch-Deferrable': flag, ...level }
      const response = await post(db, { body: { queries }, headers })
      const { results } = (await response.json()) as { results: { rows: [[string]] }[] }
      const echoed = ['read-only', 'deferrable', 'isolation-level'].map((name) =>
        response.headers.get(`neon-batch-${name}`),
      )
      return { values: results.map((result) => result.rows[0][0]), echoed }
    }
    expect(await batch('true', { 'Neon-Batch-Isolation-Level': 'Serializable' })).toEqual({
      values: ['on', 'on', 'serializable'],
      echoed: ['true', 'true', 'Serializable'],
    })
    for (const flag of ['false', 'True', '1']) {
      expect(await batch(flag)).toEqual({
        values: ['off', 'off', 'read committed'],
        echoed: [null, null, null],
      })
    }
  })

  it('does not apply the headers of a batch to a single statement', async () => {
    const headers = { 'Neon-Batch-Read-Only': 'true' }
    const response = await post(db, { body: { query: 'show transaction_read_only' }, headers })
    expect(response.headers.get('neon-batch-read-only')).toBeNull()
    expect(await response.json()).toMatchObject({ rows: [['off']] })
  })

  it('gives an error of the database as 400 with all its fields, null where there are none', async () => {
    expect(await failure({ query: 'selec' })).toEqual({
      status: 400,
      message: 'syntax error at or near "selec"',
      ...ABSENT,
      code: '42601',
      severity: 'ERROR',
      position: '1',
      file: 'scan.l',
      line: expect.stringMatching(/^\d+$/),
      routine: 'scanner_yyerror',
    })
  })

  it('names table, column, constraint and detail of a violation', async () => {
    await ask(db, { query: "insert into t values (7, 'x')" })
    expect(await failure({ query: 'insert into t values (7)' })).toMatchObject({
      code: '23505',
      schema: 'public',
      table: 't',
      constraint: 't_pkey',
      detail: 'Key (id)=(7) already exists.',
    })
    expect(await failure({ query: 'insert into t values (null)' })).toMatchObject({
      code: '23502',
      table: 't',
      column: 'id',
    })
  })

  it('says where inside of a function an error is', async () => {
    const raise =
      "do $$ begin raise exception 'no' using errcode = 'RC001', hint = 'try', detail = 'much'; end $$"
    expect(await failure({ query: raise })).toMatchObject({
      code: 'RC001',
      message: 'no',
      hint: 'try',
      detail: 'much',
    })
    expect(await failure({ query: "do $$ begin execute 'selec'; end $$" })).toMatchObject({
      code: '42601',
      position: null,
      internalPosition: '1',
      internalQuery: 'selec',
    })
  })

  it.each([
    ['several statements in one', { query: 'select 1; select 2' }, '42601'],
    ['a parameter of a wrong type', { query: 'select $1::int', params: ['x'] }, '22P02'],
    ['too few parameters', { query: 'select $1::int' }, '08P01'],
    ['a NUL in a parameter', { query: 'select $1::text', params: ['a\0b'] }, '22021'],
    ['a NUL in a statement', { query: 'select \0 1' }, '08P01'],
    ['a COPY that waits for data', { query: 'copy t from stdin' }, '57014'],
  ])('refuses %s and goes on', async (_, body, code) => {
    expect(await failure(body)).toMatchObject({ status: 400, code })
    expect(await failure({ queries: [{ query: 'select 1' }, body] })).toMatchObject({
      status: 400,
      code,
    })
    expect(await rows('select 1')).toEqual([['1']])
  })

  it.each([
    ['no JSON', 'select 1'],
    ['an empty body', ''],
    ['a list', [{ query: 'select 1' }]],
    ['null', null],
    ['a query that is no string', { query: 1 }],
    ['params that are no list', { query: 'select 1', params: {} }],
    ['an arrayMode that is no flag', { query: 'select 1', arrayMode: 'true' }],
    ['a batch that is no list', { queries: {} }],
    ['a batch of strings', { queries: ['select 1'] }],
    ['half a character', '{"query":"select $1::text","params":["\\ud83d"]}'],
  ])('refuses %s', async (_, body) => {
    expect(await failure(body)).toMatchObject({
      status: 400,
      code: null,
      message: expect.stringMatching(/^could not parse the HTTP request body: /),
    })
  })

  it('refuses an isolation level that there is not', async () => {
    for (const level of ['Snapshot', 'serializable', 'toString']) {
      const headers = { 'Neon-Batch-Isolation-Level': level }
      expect(await failure({ queries: [] }, headers)).toMatchObject({
        status: 400,
        message: 'invalid isolation level',
      })
    }
  })

  it('refuses a request above 10 MiB, and takes one just below', async () => {
    const size = 10 * 1024 * 1024
    const envelope = JSON.stringify({ query: 'select length($1)', params: [''] }).length
    const sized = (bytes: number) => ({
      query: 'select length($1)',
      params: ['x'.repeat(bytes - envelope)],
    })
    expect(await ask(db, sized(size))).toMatchObject({ rows: [[String(size - envelope)]] })
    for (const bytes of [size + 1, 4 * size]) {
      expect(await failure(sized(bytes))).toMatchObject({
        status: 413,
        message: 'request is too large (max is 10485760 bytes)',
      })
    }
  })

  it('refuses an answer above 10 MiB, and undoes the batch that it belongs to', async () => {
    const half = { query: "select repeat('x', 6000000)" }
    expect((await post(db, { body: half })).status).toBe(200)
    expect(
      await failure({ queries: [{ query: 'insert into t values (2)' }, half, half] }),
    ).toMatchObject({
      status: 507,
      message: 'response is too large (max is 10485760 bytes)',
    })
    expect(await rows('select count(*) from t where id = 2')).toEqual([['0']])
  })

  it('leaves nothing of a session to the next request', async () => {
    const leave = [
      "set application_name = 'left'",
      'create temp table left_over ()',
      'prepare left_over as select 1',
      'select pg_advisory_lock(99)',
      'declare left_over cursor with hold for select 1',
      'set session characteristics as transaction read only',
    ]
    for (const query of leave) expect((await post(db, { body: { query } })).status).toBe(200)
    await ask(db, { queries: leave.map((query) => ({ query })) })
    const query = `select current_setting('application_name') = 'left', to_regclass('left_over'),
      (select count(*) from pg_prepared_statements), (select count(*) from pg_cursors where name <> ''),
      (select count(*) from pg_locks where locktype = 'advisory' and objid = 99), current_setting('default_transaction_read_only')`
    expect(await rows(query)).toEqual([['f', null, '0', '0', '0', 'off']])
  })

  it('keeps the plans of functions from one request to the next', async () => {
    // A function that wrongly says that it is immutable is computed when its caller is planned, and shows how old that plan is.
    for (const query of [
      'create table source as select 1 as n',
      'create function planned_value() returns int immutable language plpgsql as $$ begin return (select n from source); end $$',
      'create function plan() returns int language plpgsql as $$ begin return planned_value(); end $$',
    ]) {
      expect((await post(db, { body: { query } })).status).toBe(200)
    }
    expect(await rows('select plan()')).toEqual([['1']])
    await ask(db, { query: 'update source set n = 2' })
    expect(await rows('select plan()')).toEqual([['1']])
    await ask(db, { query: 'discard plans' })
    expect(await rows('select plan()')).toEqual([['2']])
  })

  it('does not let a transaction outlive its request', async () => {
    for (const query of ['begin', 'begin isolation level serializable']) {
      expect((await post(db, { body: { query } })).status).toBe(200)
    }
    expect(await rows('insert into t values (3) returning id')).toEqual([['3']])
    expect(await rows('select count(*) from t where id = 3')).toEqual([['1']])
  })

  it('serves many requests at once', async () => {
    await ask(db, { query: 'create table counter as select 0 as n' })
    const update = { query: 'update counter set n = n + 1' }
    await Promise.all(
      Array.from({ length: 50 }, (_, i) => ask(db, i % 2 ? update : { queries: [update] })),
    )
    expect(await rows('select n from counter')).toEqual([['50']])
  })

  it('lets any web page ask, as the preflight says', async () => {
    const response = await fetch(db.fetchEndpoint, { method: 'OPTIONS' })
    expect(response.status).toBe(200)
    expect(response.headers.get('allow')).toBe('OPTIONS, POST')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-allow-headers')).toContain('Neon-Connection-String')
    const refused = await post(db, { body: { query: 'selec' } })
    expect(refused.headers.get('access-control-allow-origin')).toBe('*')
  })

  it('knows one path and two methods', async () => {
    const elsewhere = await fetch(new URL('/sqlx', db.fetchEndpoint), {
      method: 'POST',
      body: '{}',
    })
    expect([elsewhere.status, await elsewhere.json()]).toEqual([400, 'query is not supported'])
    expect((await fetch(db.fetchEndpoint)).status).toBe(400)
    expect((await fetch(db.fetchEndpoint, { method: 'PUT', body: '{}' })).status).toBe(400)
  })

  it('wants the user, the password and the database of its URL', async () => {
    const withUrl = async (change: (url: URL) => void) => {
      const url = new URL(db.databaseUrl)
      change(url)
      return failure({ query: 'select 1' }, { 'Neon-Connection-String': url.href })
    }
    expect(await withUrl(() => {})).toMatchObject({ status: 200 })
    const denied = { status: 400, message: "password authentication failed for user 'postgres'" }
    const wrong = await withUrl((url) => {
      url.password = 'secret-guess'
    })
    expect(wrong).toMatchObject(denied)
    expect(JSON.stringify(wrong)).not.toContain('secret-guess')
    expect(
      await withUrl((url) => {
        url.username = 'eve'
      }),
    ).toMatchObject({ status: 400, message: "password authentication failed for user 'eve'" })
    expect(
      await withUrl((url) => {
        url.pathname = '/other'
      }),
    ).toMatchObject({
      status: 400,
      message: expect.stringContaining('database "other" is not served here'),
    })
    for (const text of [
      'nonsense',
      'https://postgres:local@localhost/postgres',
      'postgres://postgres:local@localhost/%E0',
    ]) {
      expect(
        await failure({ query: 'select 1' }, { 'Neon-Connection-String': text }),
      ).toMatchObject({
        status: 400,
        message: 'invalid connection string',
      })
    }
  })

  it('wants a connection string', async () => {
    const response = await fetch(db.fetchEndpoint, { method: 'POST', body: '{"query":"select 1"}' })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      message: 'invalid header: neon-connection-string',
    })
  })
})
