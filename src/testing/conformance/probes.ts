import { fraction } from '../../core/limits.ts'
import type { SettingsOptions } from '../../core/settings.ts'
import { equal, matches, ok } from '../assert.ts'
import { type Breaker, type Cases, type Lab, lasting } from './lab.ts'

/** A breaker whose cooldown is over. */
async function due(lab: Lab, options: SettingsOptions): Promise<Breaker> {
  const breaker = lab.breaker({
    failureLimit: fraction(1, 1),
    cooldown: 1,
    probeLease: '1h',
    ...options,
  })
  await breaker.order({ command: 'open', cooldownMs: [1] })
  await lab.pass(2)
  return breaker
}

/** The same with so many probes out. */
async function probing(
  lab: Lab,
  count: number,
  options: SettingsOptions,
): Promise<{ breaker: Breaker; tokens: readonly number[] }> {
  const breaker = await due(lab, options)
  const tokens: number[] = []
  for (let i = 0; i < count; i++) tokens.push((await breaker.acquire()).token!)
  return { breaker, tokens }
}

export const probeCases: Cases = {
  'of many callers at once one makes it half-open, and only as many probe as may': async (lab) => {
    const breaker = await due(lab, { successLimit: fraction(3, 5), probeConcurrency: 3 })
    const admissions = await breaker.acquireAll(12)
    const probes = admissions.filter(({ verdict }) => verdict === 'probe')
    equal(probes.length, 3, 'probes')
    equal(new Set(probes.map(({ token }) => token)).size, 3, 'different tokens')
    equal(admissions.filter(({ verdict }) => verdict === 'rejected').length, 9, 'rejected')
    equal(
      admissions.flatMap(({ transitions }) => transitions).length,
      1,
      'callers told of the transition',
    )
    equal(
      (await breaker.history()).filter(({ to }) => to === 'HALF_OPEN').length,
      1,
      'lines in the history',
    )
    matches(
      await breaker.read(),
      { leases: probes.map(({ token }) => token).sort() },
      'the snapshot',
    )
  },

  'whom it has no place for it rejects until the next lease ends, and writes nothing': async (
    lab,
  ) => {
    const { breaker, tokens } = await probing(lab, 1, {})
    const before = await breaker.read()
    const { verdict, token, snapshot } = await breaker.acquire()
    equal([verdict, token, lasting(snapshot)], ['rejected', null, lasting(before)], 'the admission')
    equal(snapshot.retryAfterMs, Math.floor(tokens[0]! / 1_000) - snapshot.at, 'retryAfterMs')
    ok(
      snapshot.retryAfterMs! > 0 && snapshot.retryAfterMs! <= 3_600_000,
      'retryAfterMs within the lease',
    )
  },

  'a result frees its place, but probes out and results never exceed the window': async (lab) => {
    const { breaker, tokens } = await probing(lab, 2, {
      successLimit: fraction(3, 3),
      probeConcurrency: 2,
    })
    equal((await breaker.acquire()).verdict, 'rejected', 'the verdict with two out')
    matches(
      (await breaker.send('0', { tokens: [tokens[0]!] })).snapshot,
      { status: 'HALF_OPEN', log: '0', leases: [tokens[1]!] },
      'one back',
    )
    equal((await breaker.acquire()).verdict, 'probe', 'the verdict with one back')
    equal(
      (await breaker.send('0', { tokens: [tokens[1]!] })).snapshot.log,
      '00',
      'the log with two back',
    )
    equal(
      (await breaker.acquire()).verdict,
      'rejected',
      'the verdict where the last of three is out',
    )
  },

  'closes as soon as enough probes succeeded': async (lab) => {
    const { breaker, tokens } = await probing(lab, 5, { successLimit: fraction(3, 5) })
    matches(
      (await breaker.send('010', { tokens: tokens.slice(0, 3) })).snapshot,
      { status: 'HALF_OPEN', log: '010', failureCount: 1 },
      'after 010',
    )
    const { snapshot, transitions } = await breaker.send('0', { tokens: [tokens[3]!] })
    matches(
      snapshot,
      { status: 'CLOSED', log: '', opens: 0, failureCount: 0, cause: 'probes_succeeded' },
      'after 0100',
    )
    equal(
      transitions.map(({ from, to }) => [from, to]),
      [['HALF_OPEN', 'CLOSED']],
      'the transitions',
    )
    const late = await breaker.send('1', {
      tokens: [tokens[4]!],
      generation: snapshot.previousGeneration,
    })
    equal(
      [late.verdict, lasting(late.snapshot)],
      ['stale', lasting(snapshot)],
      'a result that comes after',
    )
  },

  'opens again as soon as too many probes failed': async (lab) => {
    const { breaker, tokens } = await probing(lab, 5, { successLimit: fraction(3, 5) })
    matches(
      (await breaker.send('101', { tokens: tokens.slice(0, 3) })).snapshot,
      { status: 'HALF_OPEN', log: '101' },
      'after 101',
    )
    const { snapshot, transitions } = await breaker.send('1', { tokens: [tokens[3]!] })
    matches(
      snapshot,
      { status: 'OPEN', log: '1011', opens: 2, cause: 'probes_failed' },
      'after 1011',
    )
    equal(
      transitions.map(({ from, to }) => [from, to]),
      [['HALF_OPEN', 'OPEN']],
      'the transitions',
    )
  },

  'without a success limit the probes are held to the failure limit': async (lab) => {
    for (const [outcomes, status] of [
      ['0011', 'HALF_OPEN'],
      ['00110', 'CLOSED'],
      ['111', 'OPEN'],
    ] as const) {
      const breaker = await due(lab, { failureLimit: fraction(3, 5) })
      const tokens = (await breaker.acquireAll(outcomes.length)).map(({ token }) => token!)
      const { snapshot } = await breaker.send(outcomes, { tokens })
      equal(snapshot.status, status, `status after ${outcomes}`)
      await breaker.order({ command: 'reset' })
    }
  },

  'a token counts once, and only while it is listed': async (lab) => {
    const { breaker, tokens } = await probing(lab, 1, { successLimit: fraction(9, 9) })
    const [token] = tokens
    matches(
      (await breaker.send('0', { tokens: [token!] })).snapshot,
      { log: '0' },
      'the first result',
    )
    for (const unlisted of [token!, token! + 1, 7]) {
      equal(
        (await breaker.send('0', { tokens: [unlisted] })).verdict,
        'stale',
        `the verdict on ${unlisted}`,
      )
    }
    equal((await breaker.send('00')).verdict, 'stale', 'the verdict on outcomes without a token')
    matches(await breaker.read(), { status: 'HALF_OPEN', log: '0' }, 'the snapshot')
    const { token: next } = await breaker.acquire()
    matches(
      (await breaker.send('100', { tokens: [7, next!, 8] })).snapshot,
      { log: '00' },
      'one listed among others',
    )
  },

  'the end of a lease frees the place, and the late result still counts, once': async (lab) => {
    const breaker = await due(lab, { successLimit: fraction(2, 2), probeConcurrency: 1 })
    const { token: slow } = await breaker.acquire(1)
    await lab.pass(2)
    equal((await breaker.read()).retryAfterMs, 0, 'retryAfterMs once the lease ended')
    const { verdict, token: second } = await breaker.acquire()
    equal(verdict, 'probe', 'the verdict once the lease ended')
    matches(
      (await breaker.send('0', { tokens: [slow!] })).snapshot,
      { status: 'HALF_OPEN', log: '0' },
      'the late result',
    )
    equal(
      (await breaker.send('0', { tokens: [slow!] })).verdict,
      'stale',
      'the verdict on its second coming',
    )
    equal(
      (await breaker.send('0', { tokens: [second!] })).snapshot.status,
      'CLOSED',
      'status after the other',
    )
  },

  'a probe that is given back leaves its place and no outcome': async (lab) => {
    const { breaker, tokens } = await probing(lab, 1, {})
    const { verdict, snapshot } = await breaker.send('', { released: tokens })
    equal(verdict, 'counted', 'the verdict')
    matches(snapshot, { status: 'HALF_OPEN', log: '', leases: [], retryAfterMs: 0 }, 'the snapshot')
    equal((await breaker.send('0', { tokens })).verdict, 'stale', 'the verdict on its result')
    equal((await breaker.acquire()).verdict, 'probe', 'the next verdict')
  },

  'a repeated result of a probe is recognised across the transition that it made': async (lab) => {
    const { breaker, tokens } = await probing(lab, 1, {})
    const report = breaker.report('0', { tokens })
    const { transitions } = await breaker.deliver(report)
    equal(transitions[0]!.to, 'CLOSED', 'the transition')
    const repeat = await breaker.deliver(report)
    equal(
      [repeat.verdict, repeat.transitions],
      ['duplicate', transitions],
      'what the repeat learns',
    )
  },

  'outcomes of calls that were admitted while closed do not count as probes': async (lab) => {
    const breaker = lab.breaker({ cooldown: 1, probeLease: '1h' })
    await breaker.send('1')
    await lab.pass(2)
    const { token, snapshot } = await breaker.acquire()
    equal(
      (await breaker.send('0', { generation: 0, tokens: [token!] })).verdict,
      'stale',
      'the verdict on a late success',
    )
    equal(lasting(await breaker.read()), lasting(snapshot), 'the snapshot')
  },

  'a window that shrinks leaves at least one place': async (lab) => {
    const wide = await due(lab, { successLimit: fraction(5, 5) })
    const tokens = (await wide.acquireAll(3)).map(({ token }) => token!)
    await wide.send('000', { tokens })
    const narrow = lab.breaker({ successLimit: fraction(2, 2) })
    equal((await narrow.acquire()).verdict, 'probe', 'the verdict')
  },
}
