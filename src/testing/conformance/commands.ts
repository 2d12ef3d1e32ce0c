import { fraction } from '../../core/limits.ts'
import { INDEFINITE, type OverrideKind } from '../../core/state.ts'
import { equal, matches } from '../assert.ts'
import { type Breaker, type Cases, lasting } from './lab.ts'

const HOUR = 3_600_000

function override(
  breaker: Breaker,
  kind: OverrideKind | null,
  forMs: number | null = null,
): ReturnType<Breaker['order']> {
  return breaker.order({ command: 'override', override: kind, forMs }, 'ana', 'maintenance')
}

export const commandCases: Cases = {
  'open, close and reset move a breaker, also one that had no row, and leave a line with actor and reason':
    async (lab) => {
      for (const [command, to, cause] of [
        ['open', 'OPEN', 'opened'],
        ['close', 'CLOSED', 'closed'],
        ['reset', 'CLOSED', 'reset'],
      ] as const) {
        const breaker = lab.breaker({}, { resourceKey: command })
        const order = command === 'open' ? { command, cooldownMs: [HOUR] } : { command }
        const { snapshot, verdict, transitions } = await breaker.order(order, 'ana', 'maintenance')
        const { generation, at } = snapshot
        const line = {
          ...breaker.id,
          generation,
          from: 'CLOSED',
          to,
          cause,
          actor: 'ana',
          reason: 'maintenance',
          at,
        }
        equal([verdict, snapshot.status, transitions], ['commanded', to, [line]], command)
        equal(await breaker.history(), [line], `the history after ${command}`)
      }
    },

  'open takes the cooldown of the open that it is': async (lab) => {
    const breaker = lab.breaker()
    for (const expected of [1_000, 2_000, 2_000]) {
      const { snapshot } = await breaker.order({ command: 'open', cooldownMs: [1_000, 2_000] })
      matches(snapshot, { cooldownMs: expected, openUntil: snapshot.at + expected }, 'the snapshot')
    }
    equal((await breaker.read()).opens, 3, 'opens')
  },

  'close ends an open and starts a new generation': async (lab) => {
    const breaker = lab.breaker({ cooldown: '1h' })
    const late = breaker.report('1')
    await breaker.send('1')
    matches(
      (await breaker.order({ command: 'close' })).snapshot,
      { status: 'CLOSED', log: '', opens: 0, retryAfterMs: 0 },
      'the snapshot',
    )
    equal((await breaker.deliver(late)).verdict, 'stale', 'the verdict on a late failure')
    equal((await breaker.acquire()).verdict, 'admitted', 'the next verdict')
  },

  'reset forgets outcomes, opens, override and what would have been rejected': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(3, 3) })
    await override(breaker, 'METRICS_ONLY')
    await breaker.send('011', { wouldReject: 4 })
    const { snapshot } = await breaker.order({ command: 'reset' })
    matches(
      snapshot,
      { status: 'CLOSED', log: '', failureCount: 0, opens: 0, override: null, wouldReject: 0 },
      'the snapshot',
    )
  },

  'isolate rejects until lifted, whatever is reported; lifted, the next call is a probe': async (
    lab,
  ) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 2) })
    await breaker.send('0')
    const { snapshot, transitions } = await override(breaker, 'FORCED_OPEN')
    const standing = {
      kind: 'FORCED_OPEN',
      until: null,
      durationMs: null,
      actor: 'ana',
      reason: 'maintenance',
    }
    matches(
      snapshot,
      {
        status: 'OPEN',
        override: standing,
        openUntil: INDEFINITE,
        retryAfterMs: null,
        opens: 0,
        cause: 'isolated',
      },
      'the snapshot',
    )
    equal(
      transitions.map(({ to, cause, actor }) => [to, cause, actor]),
      [['OPEN', 'isolated', 'ana']],
      'the transitions',
    )
    equal((await breaker.acquire()).verdict, 'rejected', 'the verdict')
    equal((await breaker.send('0')).verdict, 'overridden', 'the verdict on a report')
    matches(
      (await override(breaker, null)).snapshot,
      { status: 'OPEN', override: null, retryAfterMs: 0 },
      'the snapshot once lifted',
    )
    equal((await breaker.acquire()).verdict, 'probe', 'the verdict once lifted')
    equal((await breaker.read()).status, 'HALF_OPEN', 'status')
  },

  'isolate ends by the storage’s clock': async (lab) => {
    const breaker = lab.breaker()
    const { snapshot } = await override(breaker, 'FORCED_OPEN', 1)
    matches(snapshot, { status: 'OPEN', openUntil: snapshot.at + 1, cooldownMs: 1 }, 'the snapshot')
    await lab.pass(2)
    const { verdict, snapshot: after } = await breaker.acquire()
    equal([verdict, after.status, after.override], ['probe', 'HALF_OPEN', null], 'the admission')
    matches(
      (await override(breaker, 'FORCED_OPEN', HOUR)).snapshot,
      { status: 'OPEN', retryAfterMs: HOUR },
      'isolated anew',
    )
  },

  'DISABLED lets everything through, and records nothing, until it ends': async (lab) => {
    const breaker = lab.breaker({ cooldown: '1h' })
    const { snapshot: open } = await breaker.send('1')
    const { snapshot, transitions } = await override(breaker, 'DISABLED')
    matches(
      snapshot,
      {
        status: 'OPEN',
        generation: open.generation,
        openUntil: (open as { openUntil: number }).openUntil,
      },
      'the snapshot',
    )
    equal(
      transitions.map(({ from, to, cause }) => [from, to, cause]),
      [['OPEN', 'OPEN', 'overridden']],
      'the line',
    )
    equal((await breaker.acquire()).verdict, 'admitted', 'the verdict')
    equal((await breaker.send('111')).verdict, 'overridden', 'the verdict on a report')
    equal(lasting(await breaker.read()), lasting(snapshot), 'the snapshot')
    await override(breaker, 'DISABLED', 1)
    await lab.pass(2)
    equal((await breaker.acquire()).verdict, 'rejected', 'the verdict once it ended')
  },

  'METRICS_ONLY records and trips, and lets through what it would reject': async (lab) => {
    const breaker = lab.breaker({ failureLimit: fraction(2, 2), cooldown: '1h' })
    await override(breaker, 'METRICS_ONLY', HOUR)
    equal((await breaker.send('1')).verdict, 'counted', 'the verdict on a failure')
    equal((await breaker.send('1')).snapshot.status, 'OPEN', 'status after the second')
    const { verdict, token, snapshot } = await breaker.acquire()
    equal([verdict, token], ['would-reject', null], 'the verdict')
    matches(
      snapshot,
      {
        override: {
          kind: 'METRICS_ONLY',
          until: snapshot.override?.until,
          durationMs: HOUR,
          actor: 'ana',
          reason: 'maintenance',
        },
      },
      'the override',
    )
    await override(breaker, null)
    equal((await breaker.acquire()).verdict, 'rejected', 'the verdict once it is lifted')
  },

  'METRICS_ONLY probes within the same places': async (lab) => {
    const breaker = lab.breaker({ cooldown: 1, probeLease: '1h' })
    await override(breaker, 'METRICS_ONLY')
    await breaker.send('1')
    await lab.pass(2)
    equal(
      [(await breaker.acquire()).verdict, (await breaker.acquire()).verdict],
      ['probe', 'would-reject'],
      'the verdicts',
    )
  },

  'close lifts an override, and a new override replaces the one that stands': async (lab) => {
    const breaker = lab.breaker()
    for (const kind of ['DISABLED', 'METRICS_ONLY', 'FORCED_OPEN', 'DISABLED'] as const) {
      equal((await override(breaker, kind)).snapshot.override?.kind, kind, 'the override')
    }
    matches(
      (await breaker.order({ command: 'close' })).snapshot,
      { status: 'CLOSED', override: null },
      'the snapshot',
    )
    equal((await breaker.send('1')).snapshot.status, 'OPEN', 'status after a failure')
  },

  'every command leaves its line, also where nothing changes': async (lab) => {
    const breaker = lab.breaker()
    await breaker.order({ command: 'close' }, 'ana', null)
    await override(breaker, null)
    await breaker.order({ command: 'reset' })
    const lines = (await breaker.history()).map(({ from, to, cause, actor, reason }) => [
      from,
      to,
      cause,
      actor,
      reason,
    ])
    equal(
      lines,
      [
        ['CLOSED', 'CLOSED', 'closed', 'ana', null],
        ['CLOSED', 'CLOSED', 'overridden', 'ana', 'maintenance'],
        ['CLOSED', 'CLOSED', 'reset', null, null],
      ],
      'the history',
    )
  },

  'commands at once are all obeyed, each in a generation of its own': async (lab) => {
    const breaker = lab.breaker()
    await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        breaker.order(i % 2 ? { command: 'close' } : { command: 'open', cooldownMs: [HOUR] }),
      ),
    )
    const history = await breaker.history()
    equal(history.length, 6, 'lines')
    equal(new Set(history.map(({ generation }) => generation)).size, 6, 'generations')
    equal(
      history.map(({ from }) => from),
      ['CLOSED', ...history.slice(0, -1).map(({ to }) => to)],
      'each starts where the one before ended',
    )
  },
}
