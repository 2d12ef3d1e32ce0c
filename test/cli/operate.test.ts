import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CircuitProtectorPolicy, ExponentialDelay, fraction } from '../../src/index.ts'
import { type NodePostgresStorage, nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { pushSchema } from '../postgres/support.ts'
import { type Databases, openDatabase } from './databases.ts'
import { cli, plain } from './terminal.ts'

let database: Databases
let storage: NodePostgresStorage
let env: Record<string, string>

beforeAll(async () => {
  database = await openDatabase(inject('postgresUrl'))
  await pushSchema(database.url)
  storage = nodePostgresStorage(database.url)
  env = { DATABASE_URL: database.url }
})
afterAll(async () => {
  await storage.close()
  await database[Symbol.asyncDispose]()
})

const run = async (...argv: string[]) => {
  const ran = await cli(argv, { env })
  expect(ran.err).toBe('')
  expect(ran.code).toBe(0)
  return ran.out
}
const read = async (resourceKey: string, namespace = 'default') =>
  (await storage.exchange([{ resourceKey, namespace }]))[0]!.snapshot
const lastLine = async (resourceKey: string) =>
  (await storage.history({ resourceKey, limit: 1 })).items[0]!

describe('an operator’s command', () => {
  it('open opens for the cooldown of whoever uses the breaker, and says until when', async () => {
    const breaker = new CircuitProtectorPolicy({
      resourceKey: 'with-settings',
      storage,
      consistency: 'strong',
      failureLimit: fraction(5, 10),
      cooldown: new ExponentialDelay({ minDelay: '7m', maxDelay: '1h' }),
    })
    await breaker.execute(() => {})
    const out = await run('open', 'with-settings', '--actor', 'ada', '--reason', 'too slow')
    expect(out).toMatch(
      /^with-settings \(default\): CLOSED → OPEN, until \d{4}-\d\d-\d\dT[\d:.]+Z\n$/,
    )
    expect(await read('with-settings')).toMatchObject({ status: 'OPEN', cooldownMs: 420_000 })
    expect(await lastLine('with-settings')).toMatchObject({
      cause: 'opened',
      actor: 'ada',
      reason: 'too slow',
    })
  })

  it('open takes a cooldown of its own, and 30 s where nobody says anything', async () => {
    await run('open', 'a', '--cooldown', '5m')
    expect(await read('a')).toMatchObject({ cooldownMs: 300_000 })
    await run('open', 'b')
    expect(await read('b')).toMatchObject({ cooldownMs: 30_000 })
  })

  it('isolate holds open for a time, or until close lifts it', async () => {
    expect(await run('isolate', 'c', '--for', '10m', '--reason', 'maintenance')).toContain(
      'c (default): CLOSED → OPEN (FORCED_OPEN), until ',
    )
    expect(await read('c')).toMatchObject({
      override: { kind: 'FORCED_OPEN', durationMs: 600_000, reason: 'maintenance' },
    })
    expect(await run('isolate', 'c')).toBe('c (default): stays OPEN (FORCED_OPEN)\n')
    expect(await read('c')).toMatchObject({ retryAfterMs: null, override: { until: null } })
    expect(await run('close', 'c')).toBe('c (default): OPEN (FORCED_OPEN) → CLOSED\n')
    expect(await read('c')).toMatchObject({ status: 'CLOSED', override: null })
  })

  it('override gives a standing order, in any spelling, and lifts it', async () => {
    expect(await run('override', 'd', 'metrics-only', '--for', '1h')).toContain(
      'd (default): CLOSED → CLOSED (METRICS_ONLY), until ',
    )
    expect(await run('override', 'd', 'DISABLED')).toBe(
      'd (default): CLOSED (METRICS_ONLY) → CLOSED (DISABLED)\n',
    )
    expect(await run('override', 'd', 'none')).toBe('d (default): CLOSED (DISABLED) → CLOSED\n')
    expect(await run('override', 'd', 'Forced_Open')).toContain('OPEN (FORCED_OPEN)')
  })

  it('says until when the breaker is open, whatever order stood in its row and is over', async () => {
    await run('override', 'past', 'disabled', '--for', '1ms')
    await expect.poll(() => run('status', 'past')).not.toContain('DISABLED')
    const out = await run('open', 'past', '--cooldown', '5m')
    const until = Date.parse(/^past \(default\): CLOSED → OPEN, until (.*)\n$/.exec(out)![1]!)
    expect(until).toBe((await read('past')).updatedAt + 300_000)
  })

  it('lifts an isolation, and says that the breaker is due', async () => {
    await run('isolate', 'lifted')
    expect(await run('override', 'lifted', 'none')).toBe(
      'lifted (default): OPEN (FORCED_OPEN) → DUE\n',
    )
    expect(JSON.parse(await run('override', 'lifted', 'none', '--json'))).toMatchObject({
      status: 'OPEN',
      phase: 'DUE',
      nextCall: 'probe',
    })
  })

  it('reset forgets everything', async () => {
    await run('open', 'e')
    await run('reset', 'e')
    expect(await read('e')).toMatchObject({ status: 'CLOSED', opens: 0, log: '', cause: 'reset' })
  })

  it('remove deletes one breaker, whatever its status, and fails where there is none', async () => {
    await run('open', 'unwanted')
    const argv = ['remove', 'unwanted', '--actor', 'ada', '--reason', 'no longer used']
    expect(await run(...argv)).toBe('unwanted (default): removed\n')
    expect(await read('unwanted')).toMatchObject({ status: 'CLOSED', generation: 0, version: 0 })
    const line = { from: 'OPEN', to: 'CLOSED', cause: 'removed', actor: 'ada' }
    expect(await lastLine('unwanted')).toMatchObject({ ...line, reason: 'no longer used' })
    expect(await cli([...argv], { env })).toMatchObject({
      code: 1,
      out: 'unwanted (default): there is no such breaker\n',
    })
    expect(JSON.parse((await cli([...argv, '--json'], { env })).out)).toEqual({
      resourceKey: 'unwanted',
      namespace: 'default',
      removed: false,
    })
  })

  it('is signed by the user of the operating system where nobody says who', async () => {
    await run('close', 'f')
    expect((await lastLine('f')).actor).toMatch(/^.+$/)
  })

  it('acts in the namespace of --namespace, RC_NAMESPACE, or default', async () => {
    await run('open', 'g', '--namespace', 'staging')
    expect((await read('g')).status).toBe('CLOSED')
    expect((await read('g', 'staging')).status).toBe('OPEN')
    await cli(['close', 'g'], { env: { ...env, RC_NAMESPACE: 'staging' } })
    expect((await read('g', 'staging')).status).toBe('CLOSED')
  })

  it('answers programs in JSON', async () => {
    expect(JSON.parse(await run('open', 'h', '--json'))).toMatchObject({
      resourceKey: 'h',
      namespace: 'default',
      status: 'OPEN',
    })
  })

  it('takes a key that looks like an option after --', async () => {
    await run('open', '--', '--key')
    expect((await read('--key')).status).toBe('OPEN')
  })

  it('fails where there are no tables, and says how to make them', async () => {
    const empty = await openDatabase(inject('postgresUrl'))
    for (const argv of [['open', 'a'], ['status'], ['history'], ['prune', '--older-than', '1d']]) {
      const { code, out, err } = await cli(argv, { env: { DATABASE_URL: empty.url } })
      expect([code, out]).toEqual([1, ''])
      expect(err).toBe(
        'Failed: The breaker tables are missing or of another version (42P01).\nCreate or upgrade them:\n  resilient-circuit pg-setup\n',
      )
    }
    await empty[Symbol.asyncDispose]()
  })
})

describe('a command that the tables do not take', () => {
  it.each([
    [
      'a trigger undoes it',
      `create function meddle() returns trigger language plpgsql as 'begin return null; end';
       create trigger meddle before insert or update on rc_circuit_breakers for each row
         execute function meddle()`,
      /^Failed: .*did not keep what was written.*\n.*select .* from pg_trigger/s,
    ],
    [
      'a constraint refuses it',
      `alter table rc_circuit_breakers add constraint meddle check (resource_key <> 'meddled')`,
      /^Failed: .*\(23514\).*\n.*refuses this value.*UTF8/s,
    ],
  ])('says what to do: %s', async (_, setUp, says) => {
    await database.query(setUp)
    try {
      const { code, err } = await cli(['open', 'meddled'], { env })
      expect(code).not.toBe(0)
      expect(err).toMatch(says)
      expect(err).not.toContain(new URL(database.url).password)
    } finally {
      await database.query(`drop function if exists meddle cascade;
        alter table rc_circuit_breakers drop constraint if exists meddle`)
    }
  })
})

describe('history', () => {
  it('shows who changed what and why, newest first', async () => {
    await run('open', 'audited', '--actor', 'ada', '--reason', 'too slow')
    await run('close', 'audited', '--actor', 'grace')
    const lines = (await run('history', 'audited')).split('\n').map((line) => line.split(/ {2,}/))
    expect(lines[0]).toEqual(['AT', 'KEY', 'NAMESPACE', 'FROM', 'TO', 'CAUSE', 'BY', 'REASON'])
    expect(lines.slice(1, 3).map((line) => line.slice(1))).toEqual([
      ['audited', 'default', 'OPEN', 'CLOSED', 'closed', 'grace'],
      ['audited', 'default', 'CLOSED', 'OPEN', 'opened', 'ada', 'too slow'],
    ])
    expect(lines[1]![0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/)
  })

  it('of all breakers, of a namespace, as many lines as wanted, and says that there are more', async () => {
    await run('open', 'x', '--namespace', 'only')
    await run('close', 'x', '--namespace', 'only')
    expect(JSON.parse(await run('history', '--namespace', 'only', '--json'))).toHaveLength(2)
    const one = await run('history', '--limit', '1')
    expect(one.trim().split('\n')).toHaveLength(3)
    expect(one).toContain('… and older: --limit shows up to 1000.')
    expect(await run('history', 'never-heard-of')).toBe('The audit log holds nothing of that.\n')
  })
})

describe('status', () => {
  it('lists all breakers, worst first', async () => {
    await run('override', 'z', 'disabled', '--namespace', 'listed')
    await run('open', 'y', '--namespace', 'listed')
    const lines = (await run('status', '--namespace', 'listed')).trimEnd().split('\n')
    expect(lines[0]).toBe(
      'KEY  NAMESPACE  STATUS             SINCE  NEXT           FAILURES  OUTCOMES  OPENS  UPDATED',
    )
    expect(lines[1]).toMatch(/^y {4}listed {5}OPEN {15,}\ds {2}probes in (30|29)s +0 +1 +\ds ago$/)
    expect(lines[2]).toMatch(/^z {4}listed {5}CLOSED \(DISABLED\) +0 +\ds ago$/)
    expect(JSON.parse(await run('status', '--namespace', 'listed', '--json'))).toMatchObject([
      { resourceKey: 'y' },
      { resourceKey: 'z' },
    ])
    expect(await run('status', '--namespace', 'nobody')).toContain('There are no breakers yet')
    expect(await run('status', '--namespace', 'listed', '--limit', '1')).toContain('… and more')
  })

  it('shows one breaker in full', async () => {
    const breaker = new CircuitProtectorPolicy({
      resourceKey: 'full',
      storage,
      consistency: 'strong',
      failureLimit: fraction(3, 4),
      cooldown: '90s',
    })
    for (const ok of [true, false, true])
      await breaker.execute(() => (ok ? 1 : Promise.reject(new Error('down')))).catch(() => {})
    await run('override', 'full', 'metrics-only', '--actor', 'ada', '--reason', 'a test')
    const out = await run('status', 'full')
    for (const line of [
      /^full$/m,
      /^status +CLOSED \(METRICS_ONLY\)$/m,
      /^failures +1\/4$/m,
      /^outcomes +\.x\.$/m,
      /^override until +lifted$/m,
      /^override by +ada: a test$/m,
      /^cooldown +1m 30s$/m,
    ]) {
      expect(out).toMatch(line)
    }
    expect(JSON.parse(await run('status', 'full', '--json'))).toMatchObject({
      resourceKey: 'full',
      log: '010',
    })
  })

  it('tells open from due, in words and in JSON', async () => {
    await run('open', 'held', '--cooldown', '1h', '--namespace', 'due')
    await run('open', 'over', '--cooldown', '1ms', '--namespace', 'due')
    const list = () => run('status', '--namespace', 'due')
    await expect.poll(list).toMatch(/^over +due +DUE +\d+s +probes with the next call /m)
    expect(await list()).toMatch(/^held .*\bOPEN\b.*\n^over /m)
    expect(JSON.parse(await run('status', '--namespace', 'due', '--json'))).toMatchObject([
      { resourceKey: 'held', status: 'OPEN', phase: 'OPEN', nextCall: 'rejected' },
      { resourceKey: 'over', status: 'OPEN', phase: 'DUE', nextCall: 'probe', halfOpenInMs: 0 },
    ])
    const one = ['status', 'over', '--namespace', 'due']
    expect(await run(...one)).toMatch(/^status +DUE\nnext +probes with the next call$/m)
    expect(JSON.parse(await run(...one, '--json'))).toMatchObject({ phase: 'DUE' })
  })

  it('fails for a breaker that nobody ever reported to', async () => {
    expect(await cli(['status', 'unheard'], { env })).toMatchObject({
      code: 1,
      out: 'Nothing was ever reported of "unheard" in the namespace "default".\n',
    })
  })

  it.each([120, 80, 60, 40, 24])(
    'fits a terminal %d wide, and always shows key and status',
    async (columns) => {
      await run('open', '決済サービス-with-a-rather-long-name', '--namespace', 'narrow')
      const { out } = await cli(['status', '--namespace', 'narrow'], { env, columns })
      const lines = plain(out).trimEnd().split('\n')
      expect(lines[0]).toMatch(/^KEY +.*STATUS/)
      expect(lines[1]).toMatch(/^決済.*OPEN/)
      for (const line of lines)
        expect(
          [...line].reduce((width, c) => width + (/[\u3000-\u9fff]/.test(c) ? 2 : 1), 0),
        ).toBeLessThanOrEqual(columns)
    },
  )

  it('never lets a key write on the terminal', async () => {
    const hostile = 'a\u001b[2Jb\u202ec\r\n'
    await run('open', hostile, '--namespace', 'hostile', '--reason', '\u001b]0;title\u0007')
    for (const argv of [
      ['status', '--namespace', 'hostile'],
      ['history', '--namespace', 'hostile'],
      ['status', hostile, '--namespace', 'hostile'],
    ]) {
      const out = await run(...argv)
      expect(out).toContain('a\\u{1b}[2Jb\\u{202e}c\\u{d}\\u{a}')
      expect(out.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u)
    }
  })
})

describe('status --watch', () => {
  /** Ctrl-C after so many looks. */
  function endedAfter(looks: number) {
    const controller = new AbortController()
    let seen = 0
    return {
      interrupted: controller.signal,
      onOutput: (text: string) => text.includes('KEY') && ++seen === looks && controller.abort(),
    }
  }

  it('draws again and again on a screen of its own, and leaves the old one as it was', async () => {
    await run('open', 'watched', '--namespace', 'watched')
    const { code, out, err } = await cli(
      ['status', '--watch', '--interval', '200ms', '--namespace', 'watched'],
      {
        env,
        columns: 80,
        rows: 24,
        ...endedAfter(2),
      },
    )
    expect([code, err]).toEqual([0, ''])
    expect(out.startsWith('\u001b[?1049h\u001b[?25l\u001b[H')).toBe(true)
    expect(out.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true)
    expect(out.split('\u001b[H')).toHaveLength(3)
    expect(plain(out).match(/^watched/gm)).toHaveLength(2)
  })

  it('shows no more than fits the screen', async () => {
    for (const key of ['1', '2', '3', '4', '5', '6', '7', '8'])
      await run('open', key, '--namespace', 'many')
    const { out } = await cli(['status', '--watch', '--namespace', 'many'], {
      env,
      columns: 80,
      rows: 7,
      ...endedAfter(1),
    })
    expect(plain(out).split('\n').length).toBeLessThanOrEqual(7)
    expect(plain(out)).toContain('…')
  })

  it('prints one look after the other where there is no terminal, in JSON a line each', async () => {
    const text = await cli(['status', '--watch', '--interval', '200ms', '--namespace', 'watched'], {
      env,
      ...endedAfter(2),
    })
    expect(text).toMatchObject({ code: 0, err: '' })
    expect(text.out).toMatch(/^\d{4}-\d\d-\d\d [\d:]+Z\n\nKEY .*\nwatched .*\n\n\d{4}/)
    const controller = new AbortController()
    const json = await cli(['status', 'watched', '--namespace', 'watched', '--watch', '--json'], {
      env,
      interrupted: controller.signal,
      onOutput: () => controller.abort(),
    })
    expect(JSON.parse(json.out)).toMatchObject({ resourceKey: 'watched', status: 'OPEN' })
    expect(json.out.trimEnd()).not.toContain('\n')
  })

  it('goes on while the database is away, and says so', async () => {
    const controller = new AbortController()
    const { code, out } = await cli(['status', '--watch'], {
      env: { DATABASE_URL: 'postgres://u:secret@127.0.0.1:1/db' },
      interrupted: controller.signal,
      onOutput: (text) => text.includes('ECONNREFUSED') && controller.abort(),
    })
    expect(code).toBe(0)
    expect(out).toContain('127.0.0.1:1: connect ECONNREFUSED')
    expect(out).not.toContain('secret')
  })
})

describe('prune', () => {
  it('deletes what is old, and says how much', async () => {
    await run('open', 'old', '--namespace', 'pruned')
    await run('close', 'old', '--namespace', 'pruned')
    await run('open', 'young', '--namespace', 'pruned')
    const out = () => run('prune', '--older-than', '30d', '--namespace', 'pruned')
    expect(await out()).toBe('Deleted 0 breakers, and 0 lines of the audit log.\n')
    await database.query(
      "update rc_circuit_breakers set updated_at = now() - interval '31 days' where resource_key = 'old'",
    )
    await database.query(
      "update rc_circuit_transitions set at = now() - interval '31 days' where resource_key = 'old' and cause = 'opened'",
    )
    expect(await out()).toBe('Deleted 1 breaker, and 1 line of the audit log.\n')
    expect(JSON.parse(await run('prune', '--older-than', '30d', '--json'))).toEqual({
      breakers: 0,
      transitions: 0,
    })
    expect(
      (await storage.list({ namespace: 'pruned' })).items.map(({ resourceKey }) => resourceKey),
    ).toEqual(['young'])
  })
})
