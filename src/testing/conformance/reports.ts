import { failureRate, fraction } from '../../core/limits.ts'
import { equal, matches, ok } from '../assert.ts'
import { type Cases, lasting } from './lab.ts'

const HOUR = 3_600_000
const FULL_LENGTH = '🔌'.repeat(255)

export const reportCases: Cases = {
  'a breaker of which nobody wrote is closed and empty, and asking for it makes no row': async (
    lab,
  ) => {
    const breaker = lab.breaker()
    matches(
      await breaker.read(),
      { ...breaker.id, status: 'CLOSED', generation: 0, version: 0, log: '', since: null },
      'the snapshot',
    )
    equal((await breaker.acquire()).verdict, 'admitted', 'the verdict')
    equal((await breaker.send('')).verdict, 'none', 'the verdict on an empty report')
    equal(
      (await breaker.send('1', { generation: 7 })).verdict,
      'stale',
      'the verdict on a report of a generation that never was',
    )
    equal((await lab.storage.list({ namespace: lab.namespace })).items, [], 'the list')
  },

  'nothing to exchange gets nothing': async (lab) => {
    equal(await lab.storage.exchange([]), [], 'the answers')
  },

  'trips at k failures among the last n outcomes, n never reduced': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 4) })
    for (const outcome of '010')
      equal((await breaker.send(outcome)).snapshot.status, 'CLOSED', `status after ${outcome}`)
    const { snapshot, verdict } = await breaker.send('1')
    equal(verdict, 'counted', 'the verdict')
    matches(
      snapshot,
      { status: 'OPEN', log: '0101', failureCount: 2, opens: 1, cause: 'failure_limit' },
      'the snapshot',
    )
  },

  'outcomes older than the window no longer count': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 3) })
    matches(
      (await breaker.send('1001')).snapshot,
      { status: 'CLOSED', log: '1001', failureCount: 1 },
      'after 1001',
    )
    equal((await breaker.send('1')).snapshot.status, 'OPEN', 'status after 10011')
  },

  'a success does not trip, however bad the window': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 3) })
    matches(
      (await breaker.send('110')).snapshot,
      { status: 'CLOSED', failureCount: 2 },
      'after 110',
    )
  },

  'a trip leaves one line in the audit log, and tells the reporter alone that it was his': async (
    lab,
  ) => {
    const breaker = lab.breaker()
    const { snapshot, transitions } = await breaker.send('1')
    const { generation, at } = snapshot
    const line = {
      ...breaker.id,
      generation,
      from: 'CLOSED',
      to: 'OPEN',
      cause: 'failure_limit',
      actor: null,
      reason: null,
      at,
    }
    equal(transitions, [line], 'the transitions of the report')
    ok(generation > 0, 'the generation grew')
    const [read] = await lab.storage.exchange([breaker.id])
    equal(read!.transitions, [], 'the transitions of a read')
    equal(await breaker.history(), [line], 'the history')
  },

  'what follows the tripping outcome in a report is dropped': async (lab) => {
    const { snapshot } = await lab.breaker({ failureLimit: fraction(1, 2) }).send('0010111')
    matches(
      snapshot,
      { status: 'OPEN', log: '001', opens: 1, previousGeneration: 0 },
      'the snapshot',
    )
  },

  'outcomes of a generation that is over are void': async (lab) => {
    const breaker = lab.breaker({ cooldown: '1h' })
    const late = [breaker.report('0'), breaker.report('1')]
    const { snapshot } = await breaker.send('1')
    for (const report of late)
      equal((await breaker.deliver(report)).verdict, 'stale', 'the verdict')
    equal(lasting(await breaker.read()), lasting(snapshot), 'the snapshot')
    await breaker.order({ command: 'close' })
    for (const report of late)
      equal((await breaker.deliver(report)).verdict, 'stale', 'the verdict after it closed again')
    equal(
      (await breaker.send('1', { generation: snapshot.generation })).verdict,
      'stale',
      'the verdict on an outcome of the open',
    )
    matches(
      await breaker.read(),
      { status: 'CLOSED', log: '' },
      'the snapshot after it closed again',
    )
  },

  'it does not matter how outcomes are split into reports': async (lab) => {
    const options = { failureLimit: fraction(3, 5) }
    const [whole, halves, single] = ['whole', 'halves', 'single'].map((resourceKey) =>
      lab.breaker(options, { resourceKey }),
    )
    await whole!.send('100101001')
    for (const part of ['10010', '1001']) await halves!.send(part)
    for (const outcome of '100101001') await single!.send(outcome)
    const { status, log, failureCount } = await whole!.read()
    equal([status, log, failureCount], ['CLOSED', '100101001', 2], 'as a whole')
    for (const breaker of [halves!, single!])
      matches(await breaker.read(), { status, log, failureCount }, breaker.id.resourceKey)
  },

  'the newest 1,000 outcomes are kept, whatever the window': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 2) })
    await breaker.send('01'.repeat(400))
    matches(
      await breaker.send('0'.repeat(300)).then(({ snapshot }) => snapshot),
      { log: '01'.repeat(350) + '0'.repeat(300) },
      'the log',
    )
  },

  'each reporter is judged by its own settings, on the same outcomes': async (lab) => {
    const lenient = lab.breaker({ failureLimit: fraction(5, 5) })
    const strict = lab.breaker({ failureLimit: fraction(3, 4) })
    equal((await lenient.send('1110')).snapshot.settings, lenient.settings, 'the settings')
    await strict.read()
    const { snapshot } = await strict.send('1')
    matches(snapshot, { status: 'OPEN', log: '11101', settings: strict.settings }, 'the snapshot')
  },

  'a failure rate trips at its minimum throughput, on a failure': async (lab) => {
    const breaker = lab.breaker({
      failureLimit: failureRate(0.5, { over: '1h', minimumThroughput: 5 }),
    })
    matches(
      (await breaker.send('1110')).snapshot,
      { status: 'CLOSED', failureCount: 3, log: '1110' },
      'below the minimum',
    )
    equal((await breaker.send('0')).snapshot.status, 'CLOSED', 'status after a success')
    matches(
      (await breaker.send('1')).snapshot,
      { status: 'OPEN', cause: 'failure_rate' },
      'after a failure',
    )
  },

  'a failure rate forgets what is older than its window': async (lab) => {
    const breaker = lab.breaker({
      failureLimit: failureRate(0.5, { over: '1s', minimumThroughput: 3 }),
    })
    equal((await breaker.send('11')).snapshot.status, 'CLOSED', 'status below the minimum')
    await lab.pass(1_000)
    matches(
      (await breaker.send('1')).snapshot,
      { status: 'CLOSED', failureCount: 1 },
      'after the window went by',
    )
    equal(
      (await breaker.send('11')).snapshot.status,
      'OPEN',
      'status after as many within the window',
    )
  },

  'a Retry-After that comes with the trip makes the cooldown longer, never shorter': async (
    lab,
  ) => {
    for (const [retryAfterMs, expected] of [
      [2 * HOUR, 2 * HOUR],
      [1, HOUR],
    ] as const) {
      const breaker = lab.breaker({ cooldown: '1h' }, { resourceKey: `${retryAfterMs}` })
      const { snapshot } = await breaker.send('1', { retryAfterMs })
      matches(
        snapshot,
        { status: 'OPEN', retryAfterMs: expected, openUntil: snapshot.at + expected },
        `asked for ${retryAfterMs}`,
      )
    }
  },

  'a late Retry-After of the calls that tripped makes it longer, never shorter, and counts nothing':
    async (lab) => {
      const breaker = lab.breaker({ cooldown: '1h' })
      const { snapshot: before } = await breaker.send('1')
      const late = { generation: 0, retryAfterMs: 2 * HOUR }
      const { snapshot, verdict, transitions } = await breaker.send('1', late)
      equal([verdict, transitions], ['extended', []], 'the verdict')
      matches(
        snapshot,
        {
          status: 'OPEN',
          openUntil: snapshot.at + 2 * HOUR,
          generation: before.generation,
          opens: 1,
        },
        'longer',
      )
      const shorter = await breaker.send('1', { generation: 0, retryAfterMs: 1 })
      equal([shorter.verdict, lasting(shorter.snapshot)], ['stale', lasting(snapshot)], 'shorter')
    },

  'a reporter can trip at once': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(9, 9), cooldown: '1m' })
    const { snapshot, transitions } = await breaker.send('01', { trip: true, retryAfterMs: HOUR })
    matches(
      snapshot,
      { status: 'OPEN', log: '01', cause: 'retry_after', openUntil: snapshot.at + HOUR },
      'the snapshot',
    )
    equal(transitions.length, 1, 'transitions')
  },

  'calls that would have been rejected are summed up': async (lab) => {
    const breaker = lab.breaker()
    await breaker.send('', { wouldReject: 2 })
    matches(
      (await breaker.send('0', { wouldReject: 3 })).snapshot,
      { wouldReject: 5, log: '0' },
      'the snapshot',
    )
  },

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
