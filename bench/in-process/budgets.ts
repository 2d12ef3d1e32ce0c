import type { Table } from '../support/result.ts'
import type { Standing } from '../support/turns.ts'
import { OURS } from './calls/contenders.ts'
import type { Found, Results } from './calls/run.ts'
import type { SceneName } from './calls/scene.ts'
import { standing } from './calls/tables.ts'
import { spread } from './spread.ts'
import { type Traffic, trafficStandings } from './workerd/run.ts'

/** What this part is held to. */
export function budgets({ times, bytes }: Found, traffic: Traffic): Table {
  const ours = (results: Results, scene: SceneName) => standing(results, scene, OURS).ratio
  const atMost = (what: string, ratio: Standing['ratio']) =>
    row(what, 'at most 1', ratio, ratio.median <= 1)
  const { ratio } = trafficStandings(traffic.rates).breaker
  const time = trafficStandings(traffic.times).breaker.ratio
  return {
    title:
      'Budgets: ours on shared storage against cockatiel’s CountBreaker; the middleware against Hono without one',
    columns: ['what', 'budget', 'median', 'low to high', 'held'],
    rows: [
      atMost('time, closed', ours(times.node, 'closed')),
      atMost('time, 1 % failing, one right after the other', ours(times.node, '1 % failing')),
      atMost('time, 1 % failing, paced', ours(times.node, '1 % failing, paced')),
      atMost('time, failing, window of 10', ours(times.node, 'failing, of 10')),
      atMost('time, failing, window of 1000', ours(times.node, 'failing, of 1000')),
      atMost('time, open', ours(times.node, 'open')),
      atMost('bytes, closed', ours(bytes.node, 'closed')),
      row('requests/s in workerd', 'at least 0.9', ratio, ratio.median >= 0.9),
      row(
        'workerd’s processor time for a request',
        'at most 1 / 0.9',
        time,
        time.median <= 1 / 0.9,
      ),
    ],
  }
}

const row = (what: string, budget: string, ratio: Standing['ratio'], held: boolean) => [
  what,
  budget,
  ratio.median,
  spread(ratio),
  held ? 'yes' : 'no',
]
