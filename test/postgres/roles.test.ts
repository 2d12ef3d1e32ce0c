import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { CircuitProtectorPolicy, ProtectedCallError } from '../../src/index.ts'
import { prometheusResponse } from '../../src/metrics/prometheus.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { type NodePostgresStorage, nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { FUNCTION_NAME } from '../../src/postgres/statements/function-name.ts'
import { testCircuitStorage } from '../../src/testing/index.ts'
import { cli } from '../cli/terminal.ts'
import { mounted } from '../dashboard/support.ts'
import { plainReport } from '../support/plain-report.ts'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

const DAY_MS = 86_400_000
const run = randomBytes(4).toString('hex')

/** Roles belong to the whole server, so those of a run have names of their own. */
const named = (sql: string) => sql.replaceAll(/\brc_(worker|operator|reader)\b/g, `rc_$1_${run}`)
const guide = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
/** The SQL of a chapter of the guide. */
function sqlOf(chapter: string): string[] {
  const text = guide.split(/^## /m).find((each) => each.startsWith(`${chapter}\n`)) ?? ''
  return [...text.matchAll(/^```sql\n(.*?)^```$/gms)].map(([, sql]) => named(sql!))
}
const [TABLES, FUNCTIONS] = sqlOf('Three roles') as [string, string]
const ROLES = ['worker', 'operator', 'reader'] as const
type Role = (typeof ROLES)[number]

let database: TestDatabase
let owner: pg.Client
const storages = {} as Record<Role, NodePostgresStorage>
const query = async (text: string) => (await owner.query(text)).rows
const nameOf = (role: Role) => named(`rc_${role}`)

function urlOf(role: Role): string {
  const password = new RegExp(`${nameOf(role)} login password '([^']+)'`).exec(TABLES)?.[1]
  return Object.assign(new URL(database.url), { username: nameOf(role), password }).href
}
const as = (role: Role, ...argv: string[]) => cli(argv, { env: { DATABASE_URL: urlOf(role) } })

async function doctor(role: Role, ...options: string[]) {
  const { code, out } = await as(role, 'doctor', '--json', ...options)
  const findings: { check: string; level: string; says: string }[] = JSON.parse(out)
  return {
    code,
    wrong: findings.filter(({ level }) => level !== 'ok').map(({ check }) => check),
    says: Object.fromEntries(findings.map(({ check, says }) => [check, says])),
  }
}

const id = (resourceKey: string) => ({ resourceKey, namespace: 'roles' })
const settings = resolveSettings({ failureLimit: fraction(1, 1) })
let flushId = 0
const failed = (resourceKey: string) => ({
  ...id(resourceKey),
  report: plainReport('1', ++flushId, null, settings),
})
const close = (resourceKey: string) => ({
  ...id(resourceKey),
  command: { order: { command: 'close' }, actor: null, reason: null } as const,
})
const remove = (resourceKey: string) => ({ ...id(resourceKey), actor: null, reason: null })
const PRUNE = { breakersOlderThanMs: DAY_MS, transitionsOlderThanMs: DAY_MS }
const NOT_ALLOWED = {
  name: 'StorageError',
  code: 'NOT_ALLOWED',
  message: expect.stringMatching(/: `resilient-circuit doctor` as this role says what it lacks$/),
}

beforeAll(async () => {
  database = await createDatabase(inject('postgresUrl'), 'roles')
  owner = new pg.Client(database.url)
  await owner.connect()
  // As it is from version 15 on.
  await query('revoke create on schema public from public')
  await migrate(database.url)
  await query(`${TABLES}; ${FUNCTIONS}`)
  for (const role of ROLES) {
    // A reader may not call the function, of which a storage tells whoever reads a breaker by it.
    storages[role] = nodePostgresStorage(urlOf(role), { onNotice: () => {} })
    await storages[role].exchange([id('any')])
  }
})
afterAll(async () => {
  for (const storage of Object.values(storages)) await storage.close()
  for (const role of ROLES) await query(`drop owned by ${nameOf(role)}; drop role ${nameOf(role)}`)
  await owner.end()
  await database.drop()
})

/** What no role may do, as PostgreSQL says it. */
async function refuses(role: Role, statements: readonly string[]) {
  const client = new pg.Client(urlOf(role))
  await client.connect()
  try {
    for (const statement of statements) {
      const said = await client.query(statement).then(
        () => 'done',
        (error) => error.code,
      )
      expect([statement, said]).toEqual([statement, '42501'])
    }
  } finally {
    await client.end()
  }
}
const FOR_THE_OWNER = [
  'truncate rc_circuit_breakers',
  'truncate rc_circuit_transitions',
  'drop table rc_circuit_breakers',
  'alter table rc_circuit_breakers disable trigger all',
  'create trigger t before update on rc_circuit_breakers for each row execute function rc_circuit_breakers_touch()',
  `update rc_circuit_transitions set actor = 'nobody'`,
  `drop function ${FUNCTION_NAME}(jsonb)`,
  'create table mine (id int)',
]

describe('the worker of the guide', () => {
  /** All but what deletes. */
  const groups = [
    'reports',
    'delivery, never twice',
    'admission',
    'probes',
    'commands',
    'concurrency',
  ]
  testCircuitStorage(
    {
      describe: (group, body) => (groups.includes(group) ? describe(group, body) : undefined),
      it,
    },
    async () => ({ storage: storages.worker, close: async () => {} }),
  )

  it('is not told that it may not call the function', async () => {
    const notices: unknown[] = []
    await using storage = nodePostgresStorage(urlOf('worker'), {
      onNotice: (notice) => void notices.push(notice),
    })
    await storage.exchange([failed('called')])
    await storage.exchange([id('called')])
    expect(notices).toEqual([])
  })

  it('deletes nothing', async () => {
    await storages.worker.exchange([failed('kept')])
    await expect(storages.worker.remove(remove('kept'))).rejects.toMatchObject(NOT_ALLOWED)
    await expect(storages.worker.prune(PRUNE)).rejects.toMatchObject(NOT_ALLOWED)
    await refuses('worker', [
      ...FOR_THE_OWNER,
      'delete from rc_circuit_breakers',
      'delete from rc_circuit_transitions',
    ])
  })

  it('is well in the eyes of doctor, which notes what an operator could not do', async () => {
    expect(await doctor('worker', '--for', 'worker')).toMatchObject({ code: 0, wrong: [] })
    expect(await doctor('worker')).toMatchObject({ code: 0, wrong: ['removals', 'pruning'] })
    expect(await doctor('worker', '--for', 'operator')).toMatchObject({ code: 1 })
  })
})

describe('the operator of the guide', () => {
  testCircuitStorage({ describe, it }, async () => ({
    storage: storages.operator,
    close: async () => {},
  }))

  it.each([
    ['open', 'steered'],
    ['close', 'steered'],
    ['isolate', 'steered', '--for', '10m'],
    ['override', 'steered', 'metrics-only'],
    ['override', 'steered', 'none'],
    ['reset', 'steered'],
    ['status'],
    ['history', 'steered'],
    ['remove', 'steered'],
    ['prune', '--older-than', '1d'],
  ])('gives the command %s', async (...argv) => {
    expect(await as('operator', ...argv)).toMatchObject({ code: 0, err: '' })
  })

  it('deletes what is old', async () => {
    await storages.operator.exchange([failed('old')])
    await storages.operator.control(close('old'))
    await query(`update rc_circuit_breakers set updated_at = now() - interval '2 days' where resource_key = 'old';
      update rc_circuit_transitions set at = now() - interval '2 days' where resource_key = 'old'`)
    const namespace = 'roles'
    expect(await storages.operator.prune({ ...PRUNE, namespace })).toEqual({
      breakers: 1,
      transitions: 2,
    })
  })

  it('does not rewrite the audit log, nor what belongs to the owner', () =>
    refuses('operator', FOR_THE_OWNER))

  it('is well in the eyes of doctor', async () => {
    for (const options of [[], ['--for', 'operator'], ['--for', 'worker'], ['--for', 'reader']])
      expect(await doctor('operator', ...options)).toMatchObject({ code: 0, wrong: [] })
  })
})

describe('the reader of the guide', () => {
  it('lists, looks and reads the audit log', async () => {
    await storages.worker.exchange([failed('seen')])
    const { items } = await storages.reader.list({ search: 'seen', summary: true })
    expect(items).toMatchObject([{ ...id('seen'), status: 'OPEN' }])
    expect((await storages.reader.history(id('seen'))).items).toHaveLength(1)
    const [read] = await storages.reader.exchange([id('seen')])
    expect(read?.snapshot.status).toBe('OPEN')
    for (const argv of [['status'], ['status', 'seen', '--namespace', 'roles'], ['history']])
      expect(await as('reader', ...argv)).toMatchObject({ code: 0, err: '' })
  })

  it('is enough for Prometheus', async () => {
    await storages.worker.exchange([failed('measured')])
    const response = await prometheusResponse(storages.reader)
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('resource_key="measured"')
  })

  it('is enough for the pages of the dashboard, but not for its buttons', async () => {
    await storages.worker.exchange([failed('shown')])
    const { get, post } = mounted({ storage: storages.reader })
    for (const path of [
      '',
      '?search=shown',
      '/breaker?key=shown&namespace=roles',
      '/api/history',
    ]) {
      const response = await get(path)
      expect([path, response.status]).toEqual([path, 200])
      expect(await response.text()).toContain('shown')
    }
    const order = { key: 'shown', namespace: 'roles', command: 'close' }
    expect((await post('/breaker', order)).ok).toBe(false)
    expect((await storages.reader.exchange([id('shown')]))[0]?.snapshot.status).toBe('OPEN')
  })

  it('writes nothing', async () => {
    const { reader } = storages
    for (const write of [
      () => reader.exchange([failed('not made')]),
      () => reader.control(close('seen')),
      () => reader.remove(remove('seen')),
      () => reader.prune(PRUNE),
    ])
      await expect(write()).rejects.toMatchObject(NOT_ALLOWED)
    await refuses('reader', [
      ...FOR_THE_OWNER,
      'delete from rc_circuit_breakers',
      'delete from rc_circuit_transitions',
      `update rc_circuit_breakers set state = 'CLOSED'`,
      `insert into rc_circuit_breakers (resource_key) values ('k')`,
      `select ${FUNCTION_NAME}('[]')`,
    ])
  })

  it.each(['strong', { maxStaleness: '5s' }] as const)(
    'protects by its own outcomes alone: %j',
    async (consistency) => {
      const breaker = new CircuitProtectorPolicy({
        resourceKey: `lonely ${JSON.stringify(consistency)}`,
        namespace: 'roles',
        storage: storages.reader,
        consistency,
        failureLimit: fraction(2, 2),
        onNotice: () => {},
      })
      const down = new Error('down')
      const call = () => breaker.execute(() => Promise.reject(down)).catch((error) => error)
      expect(await call()).toBe(down)
      // That its reports are refused it learns in the background.
      await expect.poll(call).toBeInstanceOf(ProtectedCallError)
      const [read] = await storages.reader.exchange([id(breaker.resourceKey)])
      expect(read?.snapshot).toMatchObject({ status: 'CLOSED', generation: 0 })
      await breaker.dispose()
    },
  )

  it.each([
    ['close', 'seen'],
    ['prune', '--older-than', '1d'],
  ])('is told by the command %s how it would get what it lacks', async (...argv) => {
    const { code, err } = await as('reader', ...argv)
    expect(code).toBe(1)
    expect(err).toMatch(/^Failed: The role "rc_reader_.*" lacks a privilege: permission denied/)
    expect(err).toMatch(/\n {2}resilient-circuit doctor --for operator\n$/)
    expect(err).not.toContain('grant create')
  })

  it('is well in the eyes of doctor, told that it is a reader, and no worker', async () => {
    expect(await doctor('reader', '--for', 'reader')).toMatchObject({ code: 0, wrong: [] })
    const { code, says } = await doctor('reader')
    expect(code).toBe(1)
    expect(says).toMatchObject({
      reads: 'the breakers and the audit log were read',
      reports:
        'the role may not insert, update on rc_circuit_breakers, nor insert on rc_circuit_transitions',
    })
  })
})

describe('the guide', () => {
  it('says what pg-setup --roles prints', async () => {
    const { code, out } = await cli(['pg-setup', '--roles'])
    expect([code, named(out)]).toEqual([0, `${TABLES}\n${FUNCTIONS}`])
  })

  it.each(ROLES)('grants the %s nothing that it does not need', async (role) => {
    const granted = await query(`select table_name as "table", privilege_type as privilege
      from information_schema.role_table_grants where grantee = '${nameOf(role)}'`)
    expect(granted.length).toBe({ worker: 5, operator: 7, reader: 2 }[role])
    for (const { table, privilege } of granted) {
      await query(`revoke ${privilege} on ${table} from ${nameOf(role)}`)
      const found = await doctor(role, '--for', role)
      await query(`grant ${privilege} on ${table} to ${nameOf(role)}`)
      expect([table, privilege, found.code]).toEqual([table, privilege, 1])
    }
    const other =
      await query(`select coalesce(string_agg(relname, ','), '') as names from pg_class, aclexplode(relacl)
      where grantee = '${nameOf(role)}'::regrole and relname not in ('rc_circuit_breakers', 'rc_circuit_transitions')`)
    expect(other).toEqual([{ names: '' }])
  })

  it('takes the function from everybody else', async () => {
    const [may] = await query(
      `select has_function_privilege('public', '${FUNCTION_NAME}(jsonb)', 'execute') as public,
        has_function_privilege('${nameOf('reader')}', '${FUNCTION_NAME}(jsonb)', 'execute') as reader,
        has_function_privilege('${nameOf('operator')}', '${FUNCTION_NAME}(jsonb)', 'execute') as operator`,
    )
    expect(may).toEqual({ public: false, reader: false, operator: true })
  })

  it('can be followed again after an upgrade', async () => {
    await query(`drop function ${FUNCTION_NAME}(jsonb)`)
    await migrate(database.url)
    // Until then everybody may call the new one.
    expect(await doctor('worker', '--for', 'worker')).toMatchObject({ code: 0, wrong: [] })
    await query(FUNCTIONS)
    expect(await doctor('worker', '--for', 'worker')).toMatchObject({ code: 0, wrong: [] })
    await expect(storages.worker.exchange([failed('upgraded')])).resolves.toMatchObject([
      { verdict: 'counted' },
    ])
  })

  it('fits tables in a schema of their own', async () => {
    await migrate(database.url, { schema: 'apart' })
    const { out } = await cli(['pg-setup', '--roles', '--schema', 'apart'])
    await query(named(out.replaceAll(/^create role .*$/gm, '')))
    for (const role of ROLES)
      expect(await doctor(role, '--for', role, '--schema', 'apart')).toMatchObject({
        code: 0,
        wrong: [],
      })
  })

  it('has the policies that row-level security takes', async () => {
    const [policies] = sqlOf('Row-level security')
    await query(policies!)
    try {
      for (const role of ROLES)
        expect(await doctor(role, '--for', role)).toMatchObject({
          code: 0,
          wrong: ['row security'],
        })
    } finally {
      await query(
        'drop policy rc_all on rc_circuit_breakers; alter table rc_circuit_breakers disable row level security',
      )
    }
  })
})
