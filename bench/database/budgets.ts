import type { Table } from '../support/result.ts'
import { compare } from '../support/turns.ts'
import { ACQUIRE, original, ours, SELECT_ROW } from './contenders.ts'
import { type Cell, outcomesPerSecond, spread } from './throughput.ts'

const STORED = 1_000
/** In batches of so many. */
const BATCHED = [100, 1_000] as const
const ACQUIRED = 0.7

/** The two promises about the database, on each number of connections. */
export function budgetTable(cells: readonly Cell[]): Table {
  const hot = cells.filter(({ keys }) => keys === 1)
  return {
    title: 'Budgets on one hot key: ratios, with the lowest and highest round',
    columns: ['budget', 'connections', 'at least', 'measured', 'held'],
    rows: hot.flatMap((cell) => [
      ...(['synchronous', 'asynchronous'] as const).flatMap((commit) =>
        (['load and save', 'save'] as const).flatMap((protocol) =>
          BATCHED.map((batch) =>
            line(
              `outcomes/s, ${ours('function', batch)}, to ${original(protocol, commit)}`,
              cell,
              STORED,
              compare(outcomesPerSecond(cell), original(protocol, commit)).find(
                ({ name }) => name === ours('function', batch),
              )!.ratio,
            ),
          ),
        ),
      ),
      line(
        `operations/s, ${ACQUIRE}, to the ${SELECT_ROW}`,
        cell,
        ACQUIRED,
        compare(cell.samples, SELECT_ROW).find(({ name }) => name === ACQUIRE)!.ratio,
      ),
      ...processor(cell),
    ]),
  }
}

/** Without the client, which flatters both; the promise is about throughput. */
function processor(cell: Cell): Table['rows'] {
  const [row, acquire] = [cell.processor[SELECT_ROW], cell.processor[ACQUIRE]]
  if (row == null || acquire == null) return []
  const ratio = row / acquire
  return [
    [
      'the same by processor time of the server alone',
      cell.connections,
      '',
      spread({ median: ratio, low: ratio, high: ratio }),
      '',
    ],
  ]
}

function line(
  budget: string,
  { connections }: Cell,
  least: number,
  ratio: { readonly median: number; readonly low: number; readonly high: number },
): Table['rows'][number] {
  return [budget, connections, least, spread(ratio), ratio.median >= least ? 'yes' : 'no']
}
