import type { Connections } from './connections.ts'
import { connectLoadAndSave } from './original.ts'
import { NAMESPACE, type Requests, type Shell } from './requests.ts'

/** Something that connections do over and over, on one breaker. */
export interface Contender {
  /** How many outcomes an operation stores. */
  readonly outcomes: number
  /** Does it work through the connections that stand? Otherwise each operation has one of its own. */
  readonly connected: boolean
  run(connection: number): Promise<void>
}

export const HOT_KEY = 'breaker 0'
export const FLOOR = 'SELECT 1'
export const SELECT_ROW = 'SELECT of the row'
export const ACQUIRE = 'ours: acquire while closed, function'
export const ORIGINAL = 'the original: connect, load, save'
/** The last one is as many as an isolate holds, unless told otherwise. */
export const BATCHES = [1, 10, 100, 1_000] as const
export const ours = (shell: Shell, batch: number) => `ours: exchange of ${batch}, ${shell}`

const ROW =
  'select * from rc_circuit_breakers where resource_key = $1::text and namespace = $2::text'
const COUNTER = 'update bench_counters set n = n + 1 where key = $1::text'

/** All of them, on these connections. `requests` remembers what the row has seen. */
export function contendersOn(
  connections: Connections,
  originalUrl: string,
  requests: Requests,
): Readonly<Record<string, Contender>> {
  const query = (text: string, values: readonly string[] = []): Contender => ({
    outcomes: 0,
    connected: true,
    run: async (connection) => void (await connections.query(connection, text, values)),
  })
  const acquire = (form: 'function' | 'tables alone'): Contender => ({
    outcomes: 0,
    connected: true,
    run: (connection) => requests.acquire(connections, connection, form, HOT_KEY),
  })
  const report = (shell: Shell, batch: number) =>
    ({
      [ours(shell, batch)]: {
        outcomes: batch,
        connected: true,
        run: (connection) => requests.report(connections, connection, shell, HOT_KEY, batch),
      },
    }) satisfies Record<string, Contender>
  return {
    [FLOOR]: query('select 1'),
    [SELECT_ROW]: query(ROW, [HOT_KEY, NAMESPACE]),
    [ACQUIRE]: acquire('function'),
    'ours: acquire while closed, tables alone': acquire('tables alone'),
    'UPDATE of a small row, synchronous': query(COUNTER, [HOT_KEY]),
    ...Object.assign({}, ...BATCHES.map((batch) => report('function', batch))),
    ...report('function, commit made synchronous', 100),
    ...Object.assign({}, ...BATCHES.map((batch) => report('tables alone', batch))),
    [ORIGINAL]: {
      outcomes: 1,
      connected: false,
      run: () => connectLoadAndSave(originalUrl, HOT_KEY),
    },
  }
}
