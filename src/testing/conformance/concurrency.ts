import { failureRate, fraction } from '../../core/limits.ts'
import { equal, matches } from '../assert.ts'
import type { Cases } from './lab.ts'

const failuresIn = (log: string) => [...log].filter((bit) => bit === '1').length
const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0)

export const concurrencyCases: Cases = {
  'reports at once, single and in batches, are all counted': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(1_000, 1_000) })
    const reports = Array.from({ length: 60 }, (_, i) => breaker.report(i % 2 ? '1' : '0011010010'))
    const answers = await Promise.all(reports.map((report) => breaker.deliver(report)))
    equal(
      answers.filter(({ verdict }) => verdict !== 'counted'),
      [],
      'answers that say anything but counted',
    )
    const { log, version } = await breaker.read()
    equal(
      [log.length, failuresIn(log), version],
      [30 * 11, 30 * 5, 60],
      'outcomes, failures and writes',
    )
  },

  'reports at once are all counted in a time window': async (lab) => {
    const breaker = lab.breaker({
      failureLimit: failureRate(1, { over: '1h', minimumThroughput: 1_000 }),
    })
    await Promise.all(Array.from({ length: 40 }, () => breaker.deliver(breaker.report('011'))))
    const snapshot = await breaker.read()
    const buckets = snapshot.status === 'CLOSED' ? snapshot.buckets : null
    equal(
      [sum(buckets?.successes ?? []), sum(buckets?.failures ?? [])],
      [40, 80],
      'successes and failures',
    )
  },

  'of many reports that could trip one does, and the rest is void': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(10, 10), cooldown: '1h' })
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => breaker.deliver(breaker.report('1'))),
    )
    const verdicts = answers.map(({ verdict }) => verdict).sort()
    equal(
      verdicts,
      [...Array<string>(10).fill('counted'), ...Array<string>(20).fill('stale')],
      'the verdicts',
    )
    equal(
      answers.flatMap(({ transitions }) => transitions).length,
      1,
      'reporters told of the transition',
    )
    equal((await breaker.history()).length, 1, 'lines in the history')
    matches(
      await breaker.read(),
      { status: 'OPEN', log: '1111111111', opens: 1, version: 10 },
      'the snapshot',
    )
  },

  'of many probe results one closes it': async (lab) => {
    const breaker = lab.breaker({ successLimit: fraction(4, 8), cooldown: 1, probeLease: '1h' })
    await breaker.send('1')
    await lab.pass(2)
    const admissions = await breaker.acquireAll(8)
    const reports = admissions.map(({ token, snapshot: { generation } }) =>
      breaker.report('0', { generation, tokens: [token!] }),
    )
    const answers = await Promise.all(reports.map((report) => breaker.deliver(report)))
    equal(
      answers.flatMap(({ transitions }) => transitions.map(({ to }) => to)),
      ['CLOSED'],
      'the transitions told',
    )
    equal(answers.filter(({ verdict }) => verdict === 'counted').length, 4, 'results that counted')
    equal(
      (await breaker.history()).map(({ to }) => to),
      ['OPEN', 'HALF_OPEN', 'CLOSED'],
      'the history',
    )
  },

  'exchanges of the same breakers in different orders all end, and all count': async (lab) => {
    const keys = Array.from({ length: 8 }, (_, i) => `key ${i}`)
    const breakers = keys.map((resourceKey) =>
      lab.breaker({ failureLimit: fraction(1_000, 1_000) }, { resourceKey }),
    )
    const rotated = (by: number) => [...breakers.slice(by), ...breakers.slice(0, by)]
    await Promise.all(
      Array.from({ length: 24 }, (_, i) => {
        const order = i % 2 ? rotated(i % 8) : rotated(i % 8).reverse()
        return lab.storage.exchange(
          order.map((breaker) => ({ ...breaker.id, report: breaker.report('01') })),
        )
      }),
    )
    for (const breaker of breakers)
      equal((await breaker.read()).log, '01'.repeat(24), breaker.id.resourceKey)
  },
}
