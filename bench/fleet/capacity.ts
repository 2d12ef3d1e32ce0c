import type { SimulationReport } from '../../src/testing/simulator/index.ts'
import { lines } from '../support/picture.ts'
import type { Table } from '../support/result.ts'
import { type Course, living } from './growing.ts'
import { inLaboratory, type Simulate } from './laboratory.ts'

/** A row that is written at once, however often. */
const INSTANT_MS = 0.001
const UNTHINNED = ['WRITES_PER_SECOND=Number.POSITIVE_INFINITY']
const CALLS_PER_SECOND = 1
const FAILING = 1

interface Load {
  readonly isolates: number
  readonly writeMs: number
  readonly thinned: boolean
  /** What the same fleet writes a second where the row takes no time, and nobody leaves anything out. */
  readonly offered: number
  readonly report: SimulationReport
}

/** Fleets of growing size on rows that take so long for a write, with thinning and without. */
export async function loads(
  sizes: readonly number[],
  rows: readonly number[],
  course: Course,
): Promise<readonly Load[]> {
  const simulated = (simulate: Simulate, isolates: number, writeMs: number) =>
    simulate('shared', {
      ...living({ isolates, callsPerSecond: CALLS_PER_SECOND }, course),
      storage: { writeMs },
    })
  return inLaboratory([], (thinning) =>
    inLaboratory(UNTHINNED, async (telling) => {
      const all: Load[] = []
      for (const isolates of sizes) {
        const offered = (await simulated(telling, isolates, INSTANT_MS)).phases[FAILING]!.steady
          .writes
        for (const writeMs of rows) {
          for (const thinned of [true, false]) {
            const report = await simulated(thinned ? thinning : telling, isolates, writeMs)
            all.push({ isolates, writeMs, thinned, offered, report })
          }
        }
      }
      return all
    }),
  )
}

export function capacityTable(all: readonly Load[]): Table {
  return {
    title:
      'A fleet at and past what its row carries, 1 call/s each, 1 % failures and then all: writes/s in the second half of the first phase, ms, and outcomes. Offered: what the fleet writes where a write takes no time and none is left out',
    columns: [
      'a write takes, ms',
      'the row carries, /s',
      'isolates',
      'offered, /s',
      'thinning',
      'served, /s',
      'a statement takes, 99 %',
      'the row opens after',
      'outcomes dropped',
    ],
    rows: [...all]
      .sort((a, b) => a.writeMs - b.writeMs)
      .map(({ isolates, writeMs, thinned, offered, report: { phases, stop, outcomes } }) => {
        const { steady, storage } = phases[FAILING]!
        return [
          writeMs,
          1_000 / writeMs,
          isolates,
          offered,
          thinned ? 'yes' : 'no',
          steady.writes,
          storage.p99Ms,
          stop === null ? 'never' : stop.openedAt - stop.limitAt,
          Object.values(outcomes.dropped).reduce((sum, n) => sum + n, 0),
        ]
      }),
  }
}

export function capacityPicture(all: readonly Load[]): string {
  const curves: Record<string, [x: number, y: number][]> = {}
  for (const { writeMs, thinned, offered, report } of all) {
    const name = `${Number(writeMs.toPrecision(2))} ms a write, ${thinned ? 'thinned' : 'all told'}`
    curves[name] ??= []
    curves[name].push([Math.max(1, offered), Math.max(1, report.phases[FAILING]!.storage.p99Ms)])
  }
  return lines(
    {
      title: 'How long a statement takes on a row that is written too often',
      x: { name: 'writes/s that the fleet would make', log: true },
      y: { name: 'ms, 99 of 100', log: true },
    },
    curves,
  )
}
