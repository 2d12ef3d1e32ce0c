import { failureRate, fraction } from '../../core/limits.ts'
import { equal, matches } from '../assert.ts'
import { type Cases, lasting } from './lab.ts'

const HOUR = 3_600_000

/** Time windows, and what a dependency says about when to come back. */
export const rateCases: Cases = {
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
}
