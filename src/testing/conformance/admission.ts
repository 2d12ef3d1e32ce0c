import { fraction } from '../../core/limits.ts'
import type { CircuitState } from '../../core/state.ts'
import { equal, matches, ok } from '../assert.ts'
import { type Cases, lasting } from './lab.ts'

const HOUR = 3_600_000

export const admissionCases: Cases = {
  'closed admits, and writes nothing': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 2) })
    const { snapshot: before } = await breaker.send('1')
    const { verdict, token, transitions, snapshot } = await breaker.acquire()
    equal([verdict, token, transitions], ['admitted', null, []], 'the admission')
    equal(lasting(snapshot), lasting(before), 'the snapshot')
  },

  'open rejects, says for how long, and writes nothing': async (lab) => {
    const breaker = lab.breaker({ cooldown: '1h' })
    const { snapshot: before } = await breaker.send('1')
    matches(
      before,
      { openUntil: before.at + HOUR, retryAfterMs: HOUR, cooldownMs: HOUR },
      'the snapshot of the trip',
    )
    await lab.pass(2)
    const { verdict, token, transitions, snapshot } = await breaker.acquire()
    equal([verdict, token, transitions], ['rejected', null, []], 'the admission')
    equal(lasting(snapshot), lasting(before), 'the snapshot')
    equal(snapshot.retryAfterMs, before.at + HOUR - snapshot.at, 'retryAfterMs')
    ok(snapshot.retryAfterMs! < HOUR, 'retryAfterMs counts down')
  },

  'the end of the cooldown alone changes nothing; a read says that nothing need be waited for':
    async (lab) => {
      const breaker = lab.breaker({ cooldown: 1 })
      const { snapshot } = await breaker.send('1')
      await lab.pass(2)
      const read = await breaker.read()
      equal([lasting(read), read.retryAfterMs], [lasting(snapshot), 0], 'the snapshot')
    },

  'the first admission after the cooldown makes it half-open, and is a probe': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(1, 2), cooldown: 1, probeLease: '1h' })
    const { snapshot: open } = await breaker.send('01')
    await lab.pass(2)
    const { verdict, token, transitions, snapshot } = await breaker.acquire()
    equal([verdict, typeof token], ['probe', 'number'], 'the admission')
    matches(
      snapshot,
      { status: 'HALF_OPEN', log: '', failureCount: 0, leases: [token], opens: 1 },
      'the snapshot',
    )
    ok(snapshot.generation > open.generation, 'the generation grew')
    const { generation, at } = snapshot
    const line = {
      ...breaker.id,
      generation,
      from: 'OPEN',
      to: 'HALF_OPEN',
      cause: 'cooldown_over',
      actor: null,
      reason: null,
      at,
    }
    equal(transitions, [line], 'the transitions')
    equal((await breaker.history()).at(-1), line, 'the newest line of the history')
  },

  'what the caller believes the status to be changes no answer': async (lab) => {
    const breaker = lab.breaker({ cooldown: 1, probeLease: '1h' })
    const ask = (expected: CircuitState) =>
      lab.storage
        .acquire({ ...breaker.id, settings: breaker.settings, leaseMs: HOUR, expected })
        .then(({ verdict }) => verdict)
    for (const expected of ['CLOSED', 'OPEN', 'HALF_OPEN'] as const) {
      equal(await ask(expected), 'admitted', `closed, expected ${expected}`)
    }
    equal((await lab.storage.list({ namespace: lab.namespace })).items, [], 'the list')
    for (const expected of ['CLOSED', 'OPEN', 'HALF_OPEN'] as const) {
      await breaker.send('1')
      await lab.pass(2)
      equal(await ask(expected), 'probe', `due, expected ${expected}`)
      equal(await ask(expected), 'rejected', `half-open and full, expected ${expected}`)
      await breaker.order({ command: 'close' })
    }
  },

  'the cooldown follows the number of opens in a row, and starts anew once closed': async (lab) => {
    const cooldown = (opens: number) => 10 ** opens
    const breaker = lab.breaker({ cooldown: (opens) => Math.min(cooldown(opens), HOUR) })
    for (const opens of [1, 2]) {
      const { snapshot } =
        opens === 1
          ? await breaker.send('1')
          : await breaker.send('1', { tokens: [(await breaker.acquire()).token!] })
      matches(
        snapshot,
        { status: 'OPEN', opens, cooldownMs: cooldown(opens), retryAfterMs: cooldown(opens) },
        `open ${opens}`,
      )
      await lab.pass(cooldown(opens) + 1)
    }
    const { snapshot } = await breaker.send('0', { tokens: [(await breaker.acquire()).token!] })
    matches(snapshot, { status: 'CLOSED', opens: 0, log: '', cause: 'probes_succeeded' }, 'closed')
    matches((await breaker.send('1')).snapshot, { opens: 1, cooldownMs: cooldown(1) }, 'open anew')
  },
}
