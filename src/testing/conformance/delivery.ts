import { fraction } from '../../core/limits.ts'
import { RING } from '../../core/state.ts'
import { equal, matches } from '../assert.ts'
import { type Cases, lasting } from './lab.ts'

export const deliveryCases: Cases = {
  'a repeat of a report counts nothing': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(5, 5) })
    const report = breaker.report('011')
    const { snapshot } = await breaker.deliver(report)
    equal(snapshot.since, report.flushId, 'the newest flush id')
    equal((await breaker.deliver(report)).verdict, 'duplicate', 'the verdict')
    equal(lasting(await breaker.read()), lasting(snapshot), 'the snapshot')
  },

  'a report sent many times at once is counted once': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(9, 9) })
    for (const round of ['on a breaker without a row', 'on one with a row']) {
      const report = breaker.report('01')
      const answers = await Promise.all(Array.from({ length: 8 }, () => breaker.deliver(report)))
      const verdicts = answers.map(({ verdict }) => verdict).sort()
      equal(verdicts, ['counted', ...Array<string>(7).fill('duplicate')], `the verdicts ${round}`)
    }
    equal((await breaker.read()).log, '0101', 'the log')
  },

  'the repeat of a report that made a transition learns so, and makes no other': async (lab) => {
    const breaker = lab.breaker({ cooldown: '1h' })
    const report = breaker.report('1')
    const first = await breaker.deliver(report)
    const repeat = await breaker.deliver(report)
    equal(
      [repeat.verdict, repeat.transitions],
      ['duplicate', first.transitions],
      'what the repeat learns',
    )
    equal(await breaker.history(), first.transitions, 'the history')
    await breaker.order({ command: 'close' })
    equal(
      (await breaker.deliver(report)).transitions,
      first.transitions,
      'what a later repeat learns',
    )
  },

  'another breaker may use the same flush id': async (lab) => {
    const [one, other] = ['one', 'other'].map((resourceKey) => lab.breaker({}, { resourceKey }))
    const report = one!.report('1')
    equal((await one!.deliver(report)).verdict, 'counted', 'the verdict of the first')
    const { verdict, transitions } = await other!.deliver(report)
    equal([verdict, transitions[0]!.resourceKey], ['counted', 'other'], 'the verdict of the other')
    equal(
      (await one!.deliver(report)).transitions.length,
      1,
      'transitions that the repeat learns of',
    )
  },

  [`a repeat is known for ${RING - 1} writes more; behind those nobody can tell, and nothing is counted`]:
    async (lab) => {
      const breaker = lab.breaker({ failureLimit: fraction(999, 999) })
      const first = breaker.report('1')
      const second = breaker.report('1')
      await breaker.deliver(first)
      for (let i = 1; i < RING; i++) await breaker.send('0')
      equal(
        (await breaker.deliver(first)).verdict,
        'duplicate',
        'the verdict where it is the oldest known',
      )
      equal(
        (await breaker.deliver(second)).verdict,
        'unknown',
        'the verdict where its sender had seen no row',
      )
      const third = breaker.report('1', { since: first.flushId })
      const { snapshot } = await breaker.send('0')
      equal((await breaker.deliver(first)).verdict, 'unknown', 'the verdict where it is forgotten')
      equal(
        (await breaker.deliver(third)).verdict,
        'unknown',
        'the verdict where what its sender saw is forgotten',
      )
      equal(lasting(await breaker.read()), lasting(snapshot), 'the snapshot')
      equal(
        (await breaker.send('1')).verdict,
        'counted',
        'the verdict on a sender who saw the newest',
      )
    },

  'a sender who saw what is no longer there cannot be sure either': async (lab) => {
    const breaker = lab.breaker()
    equal(
      (await breaker.send('1', { since: 7 })).verdict,
      'unknown',
      'the verdict on a breaker without a row',
    )
    matches(await breaker.read(), { status: 'CLOSED', version: 0 }, 'the snapshot')
  },

  'flush ids take all of 32 bits': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(9, 9) })
    for (const flushId of [-(2 ** 31), 2 ** 31 - 1, 0, -1]) {
      const report = breaker.report('0', { flushId })
      equal((await breaker.deliver(report)).snapshot.since, flushId, 'the newest flush id')
      equal(
        (await breaker.deliver(report)).verdict,
        'duplicate',
        `the verdict on a repeat of ${flushId}`,
      )
    }
  },
}
