import { fraction } from '../../core/limits.ts'
import { equal, matches } from '../assert.ts'
import { type Cases, lasting } from './lab.ts'

const FULL_LENGTH = '🔌'.repeat(255)

/** Which breaker is which. */
export const keyCases: Cases = {
  'several breakers in one exchange are answered in the order asked, those that are only read among them':
    async (lab) => {
      const breakers = ['z', 'a', 'ä', 'B', 'm'].map((resourceKey) =>
        lab.breaker({ failureLimit: fraction(9, 9) }, { resourceKey }),
      )
      const requests = breakers.map(({ id }, i) =>
        i === 2 ? id : { ...id, report: breakers[i]!.report('1'.repeat(i + 1)) },
      )
      const answers = await lab.storage.exchange(requests)
      equal(
        answers.map(({ snapshot, verdict }) => [snapshot.resourceKey, snapshot.log, verdict]),
        [
          ['z', '1', 'counted'],
          ['a', '11', 'counted'],
          ['ä', '', 'none'],
          ['B', '1111', 'counted'],
          ['m', '11111', 'counted'],
        ],
        'the answers',
      )
      const read = await lab.storage.exchange(breakers.map(({ id }) => id))
      equal(
        read.map(({ snapshot }) => lasting(snapshot)),
        answers.map(({ snapshot }) => lasting(snapshot)),
        'what a read answers',
      )
    },

  'one key in two namespaces is two breakers': async (lab) => {
    const [here, there] = ['', ' too'].map((end) =>
      lab.breaker({}, { namespace: lab.namespace + end }),
    )
    await here!.send('1')
    matches(await there!.read(), { status: 'CLOSED', version: 0 }, 'the other one')
    equal((await there!.send('0')).snapshot.log, '0', 'the log of the other one')
    equal((await here!.read()).log, '1', 'the log of the first')
  },

  'any text of 1 to 255 code points is a key, and each is another': async (lab) => {
    const keys = [
      'k',
      'K',
      ' k',
      `it's "quoted" \\ $1 \${x} %s`,
      'https://api.test/a?b=c#d',
      '{"a":[1]}',
      "'; drop table t; --",
      'ключ 鍵 🔑',
      'e\u0301',
      'é',
      'a\tb\n',
      '%_',
      FULL_LENGTH,
      FULL_LENGTH.slice(2),
    ]
    const breakers = keys.map((resourceKey) =>
      lab.breaker({ failureLimit: fraction(99, 99) }, { resourceKey }),
    )
    for (const [i, breaker] of breakers.entries()) await breaker.send('0'.repeat(i) + '1')
    for (const [i, { id }] of breakers.entries()) {
      matches(
        (await lab.storage.exchange([id]))[0]!.snapshot,
        { ...id, log: '0'.repeat(i) + '1' },
        id.resourceKey,
      )
    }
    const listed = (await lab.storage.list({ namespace: lab.namespace })).items.map(
      ({ resourceKey }) => resourceKey,
    )
    equal([...listed].sort(), [...keys].sort(), 'the list')
  },
}
