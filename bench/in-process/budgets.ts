import type { Table } from '../support/result.ts'
import { ratioText } from '../support/table.ts'
import type { Standing } from '../support/turns.ts'
import { ALONE, EXECUTE_OF, OURS } from './calls/contenders.ts'
import type { Found } from './calls/run.ts'
import type { SceneName } from './calls/scene.ts'
import { standing } from './calls/tables.ts'
import { breakerStanding, type Traffic } from './workerd/run.ts'

const HELD_TO: readonly SceneName[] = [
  'closed',
  '1 % failing',
  '1 % failing, paced',
  'failing, of 10',
  'failing, of 1000',
  'open',
]

/** What this part is held to; only as far as it was measured. */
export function budgets(found: Found | undefined, traffic: Traffic | undefined): Table {
  const rows: Table['rows'][number][] = []
  const row = (what: string, most: number, ratio: Standing['ratio'] | undefined) => {
    if (ratio === undefined) return
    const budget = `at most ${Number(most.toPrecision(3))}`
    rows.push([what, budget, ratioText(ratio), ratio.median <= most ? 'yes' : 'no'])
  }
  for (const [runtime, results] of found?.times ?? []) {
    for (const ours of [OURS, ALONE] as const) {
      const on = `${ours}, ${runtime}`
      for (const scene of HELD_TO)
        row(`${on}: time, ${scene}`, 1, standing(results, scene, ours)?.ratio)
      row(
        `${on}: time, two steps against its own execute`,
        1.2,
        standing(results, 'two-step', ours, EXECUTE_OF[ours])?.ratio,
      )
      row(`${on}: bytes, closed`, 1, standing(found?.bytes.get(runtime), 'closed', ours)?.ratio)
    }
  }
  if (traffic) {
    const { ratio } = breakerStanding(traffic.rates)
    const held = ratio.median >= 0.9 ? 'yes' : 'no'
    rows.push(['requests/s in workerd', 'at least 0.9', ratioText(ratio), held])
    row('processor time of a request in workerd', 1 / 0.9, breakerStanding(traffic.times).ratio)
  }
  return {
    title:
      'Budgets: ours against cockatiel’s CountBreaker; the middleware against Hono without one',
    columns: ['what', 'budget', 'measured', 'held'],
    rows,
  }
}
