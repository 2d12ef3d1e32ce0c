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
import { startLocalNeon } from '../../src/local/index.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { pushSchema } from '../postgres/support.ts'
import { startPostgres } from '../support/postgres.ts'
import { type Databases, openDatabase } from './databases.ts'
import { cli } from './terminal.ts'

interface Finding {
  readonly check: string
  readonly level: string
  readonly says: string
  readonly advice?: string
}

const DUTIES = ['reads', 'reports', 'commands', 'removals', 'pruning']
const BOTH = 'rc_circuit_breakers, rc_circuit_transitions'

const trigger = (when: string, table: string, body: string) => `
  create function meddle() returns trigger language plpgsql as $$ begin ${body} end $$;
  create trigger meddle ${when} on ${table} for each row execute function meddle()`
const secured = (...policies: string[]) =>
  [
    'alter table rc_circuit_breakers enable row level security',
    ...policies.map((policy, i) => `create policy p${i} on rc_circuit_breakers ${policy}`),
  ].join('; ')

describe.each(['TCP', 'HTTP'])('doctor over %s, as a role that is no owner', (way) => {
  let database: Databases
  let role: string
  let namespace = 'default'

  beforeAll(async () => {
    database = await openDatabase(inject('postgresUrl'))
    role = database.stranger.name
  })
  afterAll(() => database[Symbol.asyncDispose]())
  beforeEach(async () => {
    namespace = 'default'
    await migrate(database.url)
    await database.query(
      `grant usage on schema public to public; grant select, insert, update, delete on ${BOTH} to ${role}`,
    )
  })
  afterEach(async () => {
    await database.query(
      `alter role ${role} in database ${new URL(database.url).pathname.slice(1)} reset all; alter role ${role} reset all;
       drop schema public cascade; drop schema if exists drizzle, elsewhere cascade; create schema public`,
    )
  })

  async function doctor(...options: string[]) {
    const { url } = database.stranger
    // A new one each time: what a role is set to counts from its next session on.
    await using local = await startLocalNeon({ databaseUrl: url, migrate: false })
    const env = {
      RC_DATABASE_URL: url,
      RC_NAMESPACE: namespace,
      ...(way === 'HTTP' && { RC_DB_FETCH_ENDPOINT: local.fetchEndpoint }),
    }
    const { code, out, err } = await cli(['doctor', '--json', ...options], { env })
    expect(err).toBe('')
    const findings: Finding[] = JSON.parse(out)
    return {
      code,
      of: (check: string) => findings.find((finding) => finding.check === check),
      /** The lines that are not as they should be, by their names and levels. */
      wrong: Object.fromEntries(
        findings.filter(({ level }) => level !== 'ok').map(({ check, level }) => [check, level]),
      ),
      advice: [...new Set(findings.flatMap(({ advice }) => advice ?? []))],
    }
  }
  const follow = async (advice: readonly string[]) => {
    for (const each of advice) await database.query(each)
  }

  it('does all that a role may have to do, and leaves nothing of it', async () => {
    await database.query(
      `insert into rc_circuit_breakers (resource_key, namespace, state) values ('mine', 'default', 'OPEN')`,
    )
    const contents = () =>
      Promise.all([
        database.query('select * from rc_circuit_breakers'),
        database.query('select * from rc_circuit_transitions'),
      ])
    const before = await contents()
    const { code, wrong } = await doctor()
    expect([code, Object.keys(wrong)]).toEqual([0, ['Python library']])
    expect(await contents()).toEqual(before)
  })

  it('does so by the tables alone, too', async () => {
    await database.query(
      `drop function ${FUNCTION_NAME}(jsonb); alter table rc_circuit_breakers set (fillfactor = 50)`,
    )
    const { code, wrong } = await doctor()
    expect([code, wrong]).toEqual([0, { function: 'note' }])
  })

  it('names every missing privilege, and its advice gives them', async () => {
    await database.query(`revoke all on ${BOTH} from ${role}`)
    const { code, of, wrong, advice } = await doctor()
    expect(code).toBe(1)
    expect(wrong).toMatchObject({ reads: 'bad', reports: 'bad', removals: 'note', pruning: 'note' })
    expect(of('reads')).toMatchObject({
      says: 'the role may not select on rc_circuit_breakers, nor select on rc_circuit_transitions',
      advice: `grant select on rc_circuit_breakers to "${role}";\ngrant select on rc_circuit_transitions to "${role}";`,
    })
    expect(of('pruning')?.says).toMatch(/; only an operator needs this$/)
    await follow(advice)
    expect(await doctor()).toMatchObject({ code: 0, wrong: {} })
  })

  it.each([
    ['select', 'rc_circuit_breakers', DUTIES],
    ['insert', 'rc_circuit_breakers', ['reports', 'commands', 'removals', 'pruning']],
    ['update', 'rc_circuit_breakers', ['reports', 'commands', 'removals', 'pruning']],
    ['delete', 'rc_circuit_breakers', ['removals']],
    ['select', 'rc_circuit_transitions', DUTIES],
    ['insert', 'rc_circuit_transitions', ['reports', 'commands', 'removals', 'pruning']],
    ['delete', 'rc_circuit_transitions', ['pruning']],
  ])(
    'without %s on %s says what cannot be done, and how it can',
    async (privilege, table, duties) => {
      await database.query(`revoke ${privilege} on ${table} from ${role}`)
      const { wrong, advice } = await doctor()
      expect(Object.keys(wrong)).toEqual(duties)
      expect(advice).toContain(`grant ${privilege} on ${table} to "${role}";`)
      await follow(advice.filter((each) => each.startsWith('grant')))
      expect((await doctor()).wrong).toEqual({})
    },
  )

  it('without usage of the schema says so, and its advice gives it', async () => {
    await database.query('revoke usage on schema public from public')
    for (const options of [[], ['--schema', 'public']]) {
      const { code, of } = await doctor(...options)
      expect(code).toBe(1)
      expect(of('tables')).toMatchObject({
        level: 'bad',
        says: 'the role may not use the schema public',
        advice: `grant usage on schema "public" to "${role}";`,
      })
    }
    await follow((await doctor()).advice)
    expect((await doctor()).wrong).toEqual({})
  })

  it('finds the tables in another schema than the search path’s', async () => {
    await migrate(database.url, { schema: 'elsewhere' })
    await database.query(
      `drop table ${BOTH}; grant usage on schema elsewhere to ${role}; grant all on all tables in schema elsewhere to ${role}`,
    )
    expect((await doctor()).of('tables')).toMatchObject({
      level: 'bad',
      says: 'there is no table rc_circuit_breakers in the schema public, but in elsewhere',
      advice: expect.stringContaining('--schema elsewhere'),
    })
    expect(await doctor('--schema', 'elsewhere')).toMatchObject({ code: 0, wrong: {} })
    expect((await doctor('--schema', 'nowhere')).of('tables')?.says).toBe(
      'there is no table rc_circuit_breakers in the schema nowhere, but in elsewhere',
    )
  })

  it('goes on without the function where the role may not call it, and its advice gives it', async () => {
    await database.query(`revoke execute on function ${FUNCTION_NAME}(jsonb) from public`)
    const { code, wrong, advice } = await doctor()
    expect([code, wrong]).toEqual([0, { function: 'note' }])
    expect(advice).toEqual([`grant execute on function ${FUNCTION_NAME}(jsonb) to "${role}";`])
    await follow(advice)
    expect((await doctor()).wrong).toEqual({})
  })

  it('cannot try anything without plpgsql, and its advice gives it', async () => {
    await database.query('revoke usage on language plpgsql from public')
    try {
      const { code, wrong, advice } = await doctor()
      expect([code, wrong]).toEqual([1, { duties: 'bad' }])
      await follow(advice)
      expect((await doctor()).wrong).toEqual({})
    } finally {
      await database.query(
        `revoke usage on language plpgsql from ${role}; grant usage on language plpgsql to public`,
      )
    }
  })

  it.each(['role', 'role in this database'])('sees a read-only session, by the %s', async (by) => {
    const within = by === 'role' ? '' : `in database ${new URL(database.url).pathname.slice(1)}`
    await database.query(`alter role ${role} ${within} set default_transaction_read_only = on`)
    const { code, of, wrong } = await doctor()
    expect(code).toBe(1)
    expect(wrong).toMatchObject({ session: 'bad', reports: 'bad', commands: 'note' })
    expect(of('reads')?.level).toBe('ok')
    expect(of('reports')?.says).toBe('not in a read-only session')
    await follow([of('session')!.advice!])
    expect((await doctor()).wrong).toEqual({})
  })

  it('speaks of the role that statements run as, whoever logged in', async () => {
    const other = `${role}_other`
    await database.query(
      `create role ${other}; grant ${other} to ${role}; alter role ${role} set role ${other}`,
    )
    try {
      const { of } = await doctor()
      expect(of('reads')?.advice).toContain(`grant select on rc_circuit_breakers to "${other}";`)
    } finally {
      await database.query(
        `alter role ${role} reset role; drop owned by ${other}; drop role ${other}`,
      )
    }
  })

  it.each<[string, string, string[]]>([
    ['no policy', secured(), ['reports', 'commands', 'removals', 'pruning', 'row security']],
    [
      'no policy for updates',
      secured('for select using (true)', 'for insert with check (true)'),
      ['reports', 'commands', 'removals', 'pruning', 'row security'],
    ],
    [
      'a policy that hides the namespace',
      secured(`using (namespace <> 'default') with check (true)`),
      ['reports', 'commands', 'removals', 'pruning', 'row security'],
    ],
  ])('sees row-level security with %s, and its advice helps', async (_, setUp, duties) => {
    await database.query(setUp)
    const { code, of, wrong } = await doctor()
    expect([code, Object.keys(wrong)]).toEqual([1, duties])
    expect(of('row security')?.says).toBe(
      'at work on rc_circuit_breakers: a row that it hides is as if it were not there',
    )
    await database.query(
      'drop policy if exists p0 on rc_circuit_breakers; drop policy if exists p1 on rc_circuit_breakers',
    )
    await follow([(await doctor()).of('reports')!.advice!])
    expect(await doctor()).toMatchObject({ code: 0, wrong: { 'row security': 'note' } })
  })

  it.each<[string, string, string, string[], RegExp]>([
    [
      'drops a new row',
      'before insert',
      'return null;',
      ['reports', 'commands', 'removals', 'pruning'],
      /not stored as it was written/,
    ],
    [
      'drops an update',
      'before update',
      'return null;',
      ['reports', 'commands', 'removals', 'pruning'],
      /not stored as it was written/,
    ],
    [
      'rewrites what the exchange does not compare',
      'before update',
      'new.cooldown_ms := 1; return new;',
      ['reports', 'commands', 'removals', 'pruning'],
      /other values in cooldown_ms$/,
    ],
    [
      'keeps what is deleted',
      'before delete',
      'return null;',
      ['removals'],
      /found, deleted and logged: \[1,0,1\]/,
    ],
    [
      'raises',
      'after update',
      `raise exception 'no writes today';`,
      ['reports', 'commands', 'removals', 'pruning'],
      /^no writes today \(P0001\)/,
    ],
  ])('sees a trigger that %s, and names it', async (_, when, body, duties, says) => {
    await database.query(trigger(when, 'rc_circuit_breakers', body))
    const { of, wrong } = await doctor()
    expect(Object.keys(wrong)).toEqual(duties)
    const first = of(duties[0]!)!
    expect(first.says).toMatch(says)
    expect(first.advice).toContain('trigger meddle on rc_circuit_breakers')
  })

  it.each<[string, string, string, RegExp]>([
    ['reports', 'before insert', `new.cause := 'mine'; return new;`, /other values in cause$/],
    ['pruning', 'before delete', 'return null;', /lines deleted: 0 of 3/],
  ])('sees a trigger of the audit log that spoils %s', async (duty, when, body, says) => {
    await database.query(trigger(when, 'rc_circuit_transitions', body))
    const found = (await doctor()).of(duty)!
    expect(found.says).toMatch(says)
    expect(found.advice).toContain('trigger meddle on rc_circuit_transitions')
  })

  it('sees a constraint that is checked at the end of a transaction', async () => {
    await database.query(`create function meddle() returns trigger language plpgsql as $$ begin raise exception 'too late'; end $$;
      create constraint trigger meddle after insert on rc_circuit_transitions deferrable initially deferred for each row execute function meddle()`)
    const { of } = await doctor()
    expect(of('reports')).toMatchObject({ level: 'bad', says: 'too late (P0001)' })
  })

  it('sees a rule that swallows a write, and names it', async () => {
    await database.query(
      'create rule nothing as on insert to rc_circuit_transitions do instead nothing',
    )
    const { code, of } = await doctor()
    expect(code).toBe(1)
    expect(of('reports')?.advice).toContain('rule nothing on rc_circuit_transitions')
  })

  it('says so where a view stands in place of the table', async () => {
    await database.query(`alter table rc_circuit_breakers rename to other;
      create view rc_circuit_breakers as select * from other; grant select on rc_circuit_breakers to ${role}`)
    const { code, of } = await doctor()
    expect(code).toBe(1)
    expect(of('tables')).toMatchObject({
      level: 'note',
      says: 'rc_circuit_breakers is a view, which pg-setup cannot upgrade',
    })
    expect(of('reports')?.advice).toBe(`grant insert, update on rc_circuit_breakers to "${role}";`)
  })

  it.each([
    ['that passes all on, which works', 'select * from other', 0, {}],
    [
      'that cannot be written to',
      'select distinct * from other',
      1,
      { reports: 'bad', commands: 'note', removals: 'note', pruning: 'note' },
    ],
  ])('tries a view %s', async (_, view, expected, wrong) => {
    await database.query(`alter table rc_circuit_breakers rename to other;
      create view rc_circuit_breakers as ${view}; grant all on rc_circuit_breakers to ${role}`)
    expect(await doctor()).toMatchObject({ code: expected, wrong: { tables: 'note', ...wrong } })
  })

  it('misses the primary key, and its advice gives it', async () => {
    await database.query('alter table rc_circuit_breakers drop constraint rc_circuit_breakers_pkey')
    const { code, wrong, advice } = await doctor()
    expect([code, wrong]).toEqual([1, { tables: 'bad' }])
    await follow(advice)
    expect((await doctor()).wrong).toEqual({})
  })

  it('misses a column of the audit log', async () => {
    await database.query('alter table rc_circuit_transitions drop column flush_id')
    expect((await doctor()).of('tables')).toMatchObject({
      level: 'bad',
      says: 'rc_circuit_transitions is of another version: flush_id missing',
    })
  })

  it.each(['rc_circuit_breakers', 'rc_circuit_transitions'])(
    'waits for nobody who has locked %s, and says so',
    async (table) => {
      await database.query(`begin; lock table ${table}`)
      try {
        const { code, of } = await doctor()
        expect(code).toBe(1)
        expect(of('reads')).toMatchObject({
          says: expect.stringContaining('(55P03)'),
          advice: 'Another transaction holds a lock. Try again.',
        })
        expect(of('Python library')?.says).toMatch(/^not looked for: .*\(55P03\)$/)
      } finally {
        await database.query('rollback')
      }
    },
  )

  it('tries with the namespace of the environment, whatever its characters', async () => {
    await database.query(
      secured(`using (namespace = E'it''s \\\\ $rc_trial$ \u{1f600}') with check (true)`),
    )
    namespace = `it's \\ $rc_trial$ \u{1f600}`
    expect(await doctor()).toMatchObject({ code: 0, wrong: { 'row security': 'note' } })
  })
})

describe('doctor over HTTP', () => {
  it('has no statement fail, whatever is missing: each would cost a connection', async () => {
    const database = await openDatabase(inject('postgresUrl'))
    await using local = await startLocalNeon({ databaseUrl: database.url })
    const asked = vi.spyOn(globalThis, 'fetch')
    try {
      await database.query(
        'create rule nothing as on insert to rc_circuit_transitions do instead nothing',
      )
      const env = { DATABASE_URL: database.url, RC_DB_FETCH_ENDPOINT: local.fetchEndpoint }
      expect((await cli(['doctor'], { env })).code).toBe(1)
      const answers = await Promise.all(asked.mock.results.map(({ value }) => value))
      expect(answers.length).toBeGreaterThan(5)
      expect(answers.filter(({ ok }) => !ok)).toEqual([])
    } finally {
      asked.mockRestore()
      await local.close()
      await database[Symbol.asyncDispose]()
    }
  })
})

describe('doctor on the database of `dev`', () => {
  it('tries the same, and finds nothing wrong', async () => {
    await using local = await startLocalNeon()
    const env = { DATABASE_URL: local.databaseUrl, RC_DB_FETCH_ENDPOINT: local.fetchEndpoint }
    const { code, out } = await cli(['doctor', '--json'], { env })
    const findings: Finding[] = JSON.parse(out)
    expect([code, findings.filter(({ level }) => level !== 'ok')]).toEqual([0, []])
    expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(DUTIES))
  })
})

describe('doctor on a standby', () => {
  it('says that it can only be read, which is enough for a reader alone', async () => {
    const standby = await startPostgres({ standby: true })
    try {
      const session = async (...options: string[]) => {
        const env = { DATABASE_URL: standby.url }
        const { out } = await cli(['doctor', '--json', ...options], { env })
        return (JSON.parse(out) as Finding[]).find(({ check }) => check === 'session')
      }
      const says = 'read-only: the server is a standby, or a read replica'
      expect(await session()).toEqual({
        check: 'session',
        level: 'bad',
        says,
        advice: 'Let the connection name the primary.',
      })
      expect(await session('--for', 'reader')).toEqual({
        check: 'session',
        level: 'ok',
        says: `${says}, which is enough for a reader`,
      })
    } finally {
      await standby.stop()
    }
  })
})

describe('doctor, told what a role is for', () => {
  let database: Databases
  let env: Record<string, string>
  beforeAll(async () => {
    database = await openDatabase(inject('postgresUrl'))
    await pushSchema(database.url)
    env = { DATABASE_URL: database.stranger.url }
  })
  afterAll(() => database[Symbol.asyncDispose]())

  const bad = async (role: string) => {
    const { code, out } = await cli(['doctor', '--json', '--for', role], { env })
    const findings: Finding[] = JSON.parse(out)
    expect(code).toBe(findings.some(({ level }) => level === 'bad') ? 1 : 0)
    return findings.filter(({ level }) => level === 'bad').map(({ check }) => check)
  }

  it('wants no more than that of it', async () => {
    expect(await bad('worker')).toEqual(['reads', 'reports'])
    expect(await bad('operator')).toEqual(['reads', 'commands', 'removals', 'pruning'])
    expect(await bad('reader')).toEqual(['reads'])
    await database.query(`grant select on ${BOTH} to ${database.stranger.name}`)
    expect(await bad('reader')).toEqual([])
    const { out } = await cli(['doctor', '--for', 'reader'], { env })
    expect(out).toMatch(/^ok +reports +not possible; a reader does not need this$/m)
  })

  it('tells a session that its own connection makes read-only', async () => {
    const url = new URL(database.url)
    url.searchParams.set('options', '-c default_transaction_read_only=on')
    const { code, out } = await cli(['doctor', '--json'], { env: { DATABASE_URL: url.href } })
    const found = (JSON.parse(out) as Finding[]).find(({ check }) => check === 'session')
    expect([code, found]).toEqual([
      1,
      {
        check: 'session',
        level: 'bad',
        says: 'read-only, by default_transaction_read_only',
        advice: 'Take default_transaction_read_only out of the options of the connection.',
      },
    ])
  })

  it('refuses a schema that is no name', async () => {
    expect(await cli(['doctor', '--schema', 'a b'], { env })).toMatchObject({ code: 2, out: '' })
  })

  it('knows no other', async () => {
    expect(await cli(['doctor', '--for', 'owner'], { env })).toMatchObject({
      code: 2,
      err: expect.stringContaining('--for must be one of worker, operator, reader; got "owner"'),
    })
  })
})
