import { availableParallelism } from 'node:os'
import type { SimulationReport } from '../../src/testing/simulator/index.ts'
import { keep, type Table } from '../support/result.ts'
import { markdown } from '../support/table.ts'
import { inLaboratory, type Simulate } from './laboratory.ts'
import { type Cell, cellsOf, nameOf } from './matrix.ts'
import { figuresOf } from './matrix-figures.ts'

export interface MatrixOptions {
  readonly isolates: readonly number[]
  /** Each cell runs with the seeds 1 to this. */
  readonly seeds: number
  /** Only the cells whose name has all of these in it. */
  readonly only: readonly string[]
  /** Constants of the replica that have other values for this run. */
  readonly set: readonly string[]
}

/** Runs the matrix on all cores, prints each fleet size as a table, and keeps those that are whole in `results/`. */
export async function runMatrix({ isolates, seeds, only, set }: MatrixOptions): Promise<void> {
  for (const size of isolates) {
    const cells = cellsOf(size).filter((cell) => only.every((word) => nameOf(cell).includes(word)))
    if (cells.length === 0) throw new Error(`no cell of ${size} isolates has ${only.join(' and ')}`)
    const table = tableOf(size, seeds, await inLaboratory(set, (use) => run(cells, seeds, use)))
    console.log(`\n${markdown(table)}`)
    if (only.length === 0 && set.length === 0)
      await keep(`matrix-${size}`, { versions: {}, tables: [table], pictures: {} })
  }
}

type Ran = readonly [cell: Cell, reports: readonly SimulationReport[]]

/** Each run has a thread, and each core one run at a time. */
async function run(
  cells: readonly Cell[],
  seeds: number,
  simulate: Simulate,
): Promise<readonly Ran[]> {
  const ran = cells.map((cell): [Cell, SimulationReport[]] => [cell, []])
  const tasks = ran.flatMap(([cell, reports]) =>
    Array.from({ length: seeds }, (_, i) => async () => {
      const started = performance.now()
      reports[i] = await simulate('shared', { ...cell.options, seed: i + 1 })
      const seconds = ((performance.now() - started) / 1_000).toFixed(1)
      console.error(`${nameOf(cell)}, seed ${i + 1}: ${seconds} s`)
    }),
  )
  const work = async () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) await task()
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return ran
}

function tableOf(isolates: number, seeds: number, ran: readonly Ran[]): Table {
  const rows = ran.map(([cell, reports]) => ({ cell, figures: figuresOf(reports) }))
  return {
    title:
      `${isolates.toLocaleString('en')} isolates, ${seeds} run${seeds === 1 ? '' : 's'} of each cell, ` +
      'in virtual time. Opens of each run; all else is the median (low to high)',
    columns: ['pace', 'rule', 'trouble', ...Object.keys(rows[0]!.figures)],
    rows: rows.map(({ cell, figures }) => [
      cell.pace,
      cell.rule,
      cell.trouble,
      ...Object.values(figures),
    ]),
    samples: Object.fromEntries(
      ran.map(([cell, reports]) => [
        nameOf(cell),
        reports.map(({ opens, total, statementsPer1000Calls }) => ({
          opens,
          total,
          statementsPer1000Calls,
        })),
      ]),
    ),
  }
}
