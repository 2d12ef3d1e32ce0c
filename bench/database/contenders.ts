import pg from 'pg'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { type Commit, Connections } from './connections.ts'
import { connectAndRecord, type Protocol } from './original.ts'
import { NAMESPACE, type Requests, type Shell, settings } from './requests.ts'

/** Something that connections do over and over, on one key after the other. */
export interface Contender {
  readonly commit: string
  /** How many outcomes an operation stores. */
  readonly outcomes: number
  /** Whose server processes work for it; null where each operation has one of its own. */
  readonly connections: Connections | null
  run(connection: number, resourceKey: string): Promise<void>
}

export const FLOOR = 'SELECT 1'
export const SELECT_ROW = 'SELECT of the row'
export const ACQUIRE = 'ours: acquire while closed, function'
const ORIGINAL: Readonly<Record<Protocol, string>> = {
  'load and save': 'original: connect, load, save',
  save: 'original: connect, save',
}
const COMMITS = ['synchronous', 'asynchronous'] as const
/** The last one is as many as an isolate holds, unless told otherwise. */
export const BATCHES = [1, 10, 100, 1_000] as const
export const ours = (shell: Shell, batch: number) => `ours: exchange of ${batch}, ${shell}`
export const original = (protocol: Protocol, commit: Commit) => `${ORIGINAL[protocol]}, ${commit}`

/** The contenders' databases. */
export interface Databases {
  readonly ours: string
  readonly original: string
}

/** All of them, on so many connections. `requests` remembers between the cells what the rows have seen. */
export async function contendersOn(
  databases: Databases,
  count: number,
  requests: Requests,
): Promise<{ readonly contenders: Readonly<Record<string, Contender>>; close(): Promise<void> }> {
  const open = {
    synchronous: await Connections.open(databases.ours, count, 'synchronous'),
    asynchronous: await Connections.open(databases.ours, count, 'asynchronous'),
  }
  const pool = new pg.Pool({ connectionString: databases.ours, max: count })
  const contenders: Record<string, Contender> = {
    ...reading(open.synchronous, requests),
    ...updating(open),
    ...reporting(open.synchronous, requests),
    ...throughTheStorage(pool, requests),
    ...originals(databases.original),
  }
  return {
    contenders,
    async close() {
      await Promise.all([
        open.synchronous[Symbol.asyncDispose](),
        open.asynchronous[Symbol.asyncDispose](),
        pool.end(),
      ])
    },
  }
}

function reading(connections: Connections, requests: Requests): Record<string, Contender> {
  const read = { commit: '', outcomes: 0, connections }
  const row =
    'select * from rc_circuit_breakers where resource_key = $1::text and namespace = $2::text'
  return {
    [FLOOR]: {
      ...read,
      run: async (connection) => void (await connections.query(connection, 'select 1')),
    },
    [SELECT_ROW]: {
      ...read,
      run: async (connection, key) =>
        void (await connections.query(connection, row, [key, NAMESPACE])),
    },
    [ACQUIRE]: {
      ...read,
      run: (connection, key) => requests.acquire(connections, connection, 'function', key),
    },
    'ours: acquire while closed, tables alone': {
      ...read,
      run: (connection, key) => requests.acquire(connections, connection, 'tables alone', key),
    },
  }
}

function updating(open: Readonly<Record<Commit, Connections>>): Record<string, Contender> {
  const update = (commit: Commit): Contender => ({
    commit,
    outcomes: 0,
    connections: open[commit],
    run: async (connection, key) =>
      void (await open[commit].query(
        connection,
        'update bench_counters set n = n + 1 where key = $1::text',
        [key],
      )),
  })
  return Object.fromEntries(
    COMMITS.map((commit) => [`UPDATE of a small row, ${commit}`, update(commit)]),
  )
}

function reporting(connections: Connections, requests: Requests): Record<string, Contender> {
  const report = (
    shell: Shell,
    batch: number,
    bits = (key: string) => requests.outcomes(key, batch),
  ): Contender => ({
    commit:
      shell === 'function, commit made synchronous'
        ? 'synchronous'
        : 'as ours sets it: asynchronous',
    outcomes: batch,
    connections,
    run: (connection, key) => requests.report(connections, connection, shell, key, bits(key)),
  })
  const contenders: Record<string, Contender> = {}
  for (const shell of ['function', 'do block'] as const) {
    for (const batch of BATCHES) contenders[ours(shell, batch)] = report(shell, batch)
  }
  contenders[ours('function, commit made synchronous', 100)] = report(
    'function, commit made synchronous',
    100,
  )
  contenders['ours: exchange of 100 successes, function'] = report('function', 100, () =>
    '0'.repeat(100),
  )
  return contenders
}

/** What a server's process sees of it: Drizzle and the parsing of answers come on top. */
function throughTheStorage(pool: pg.Pool, requests: Requests): Record<string, Contender> {
  const storage = nodePostgresStorage(pool)
  return {
    'ours: acquire while closed, through the storage': {
      commit: '',
      outcomes: 0,
      connections: null,
      async run(_, resourceKey) {
        const { verdict } = await storage.acquire({
          resourceKey,
          namespace: NAMESPACE,
          settings,
          leaseMs: 30_000,
        })
        if (verdict !== 'admitted') throw new Error(`a closed breaker answered ${verdict}`)
      },
    },
    'ours: exchange of 10, through the storage': {
      commit: 'as ours sets it: asynchronous',
      outcomes: 10,
      connections: null,
      run: (_, key) =>
        requests.insist(
          key,
          requests.outcomes(key, 10),
          async (request) => (await storage.exchange([request]))[0]!.verdict,
        ),
    },
  }
}

function originals(url: string): Record<string, Contender> {
  const contenders: Record<string, Contender> = {}
  for (const protocol of ['save', 'load and save'] as const) {
    for (const commit of COMMITS) {
      contenders[original(protocol, commit)] = {
        commit,
        outcomes: 1,
        connections: null,
        run: (_, key) => connectAndRecord(url, commit, protocol, key, 0),
      }
    }
  }
  return contenders
}
