import type { SQL } from 'drizzle-orm'
import type { Transition, Verdict } from '../core/event.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { transition } from '../core/transition.ts'
import {
  checkedLimit,
  checkedPrune,
  checkedSpan,
  listCursor,
  parseHistoryCursor,
  parseListCursor,
} from '../storage/paging.ts'
import type {
  AcquireRequest,
  Admission,
  BreakerId,
  BreakerPage,
  BreakerSummary,
  CircuitStorage,
  ControlRequest,
  Exchanged,
  ExchangeRequest,
  HistoryQuery,
  ListQuery,
  Page,
  Pruned,
  PruneQuery,
  StorageCallOptions,
} from '../storage/port.ts'
import { type DrizzleDatabase, query, queryInOne, type Row } from './database.ts'
import { asStorageError, isUndefinedFunction, StorageError } from './errors.ts'
import { type RowJson, toSnapshot } from './row.ts'
import { historyStatement, listStatement, pruneStatement } from './statements/admin.ts'
import { callBlock, callFunction, readByFunction } from './statements/call.ts'
import { type Names, namesIn } from './statements/names.ts'
import { readStatement } from './statements/read.ts'
import { encodeAcquire, encodeCommand, encodeLook, encodeReport } from './wire.ts'

export interface DrizzleStorageOptions {
  /** The schema that holds the tables. Default: the connection's search path. */
  readonly schema?: string
}

/** How often a statement of which the database said that it counted nothing is sent again at once. */
const ATTEMPTS = 3

interface Answer {
  readonly ordinal: number
  readonly verdict: Verdict
  readonly token: number | null
  readonly at: number
  readonly snapshot: RowJson
  readonly transitions: readonly Omit<Transition, 'resourceKey' | 'namespace'>[]
}

/** One breaker as a read finds it; null where it has no row. */
interface Look {
  readonly at: number
  readonly snapshot: RowJson | null
}

/**
 * Breakers in PostgreSQL 14 or newer, through any Drizzle database. Needs the tables alone (`drizzle-kit push`); where the function
 * is installed (`drizzle-kit migrate`, `resilient-circuit pg-setup`) it is found and used, at several times the throughput.
 *
 * Its promises reject with a {@link StorageError}.
 */
export class DrizzleStorage implements CircuitStorage {
  readonly shared = true
  readonly #db: DrizzleDatabase
  readonly #names: Names
  #installed = false

  /** @throws {InvalidOptionError} where `schema` is no plain name */
  constructor(db: DrizzleDatabase, options: DrizzleStorageOptions = {}) {
    this.#db = db
    this.#names = namesIn(options.schema)
  }

  async exchange(
    requests: readonly ExchangeRequest[],
    options?: StorageCallOptions,
  ): Promise<readonly Exchanged[]> {
    if (requests.length === 0) return []
    if (requests.some((request) => request.report))
      return this.#write(requests, requests.map(encodeReport), options)
    const read = await this.#read(requests, options)
    // A foreign write is not to be read but to be resolved, which only the database can do.
    if (read.some(({ foreign }) => foreign))
      return this.#write(requests, requests.map(encodeReport), options)
    return read.map(({ snapshot }) => ({ snapshot, verdict: 'none', transitions: [] }))
  }

  async acquire(request: AcquireRequest, options?: StorageCallOptions): Promise<Admission> {
    if (request.expected === undefined || request.expected === 'CLOSED') {
      const [read] = await this.#read([request], options)
      const { snapshot, foreign } = read!
      // The specification says whether there is anything to write; only then does a statement that can write follow, and decide anew.
      const step = transition(
        { ...snapshot, flushIds: [] },
        { type: 'acquire', ...request },
        snapshot.at,
      )
      if (!foreign && step.verdict !== 'probe')
        return { snapshot, verdict: step.verdict, token: null, transitions: [] }
    }
    return (await this.#write([request], [encodeAcquire(request)], options))[0]!
  }

  async control(request: ControlRequest, options?: StorageCallOptions): Promise<Exchanged> {
    return (await this.#write([request], [encodeCommand(request)], options))[0]!
  }

  async list(list: ListQuery = {}, options?: StorageCallOptions): Promise<BreakerPage> {
    const limit = checkedLimit(list.limit)
    const after = list.after === undefined ? undefined : parseListCursor(list.after)
    const rows = await this.#run(
      () => query(this.#db, listStatement(list, after, limit + 1, this.#names)),
      options,
    )
    const found = rows.filter((row) => row['snapshot'] !== null)
    const items = found.slice(0, limit).map((row) => snapshotIn(row))
    const next = found.length > limit ? listCursor(items.at(-1)!) : null
    return list.summary
      ? { items, next, summary: rows[0]!['summary'] as BreakerSummary }
      : { items, next }
  }

  async history(
    history: HistoryQuery = {},
    options?: StorageCallOptions,
  ): Promise<Page<Transition>> {
    const limit = checkedLimit(history.limit)
    const before = history.after === undefined ? undefined : parseHistoryCursor(history.after)
    const newerThanMs = checkedSpan(history)
    const statement = historyStatement(history, newerThanMs, before, limit + 1, this.#names)
    const rows = await this.#run(() => query(this.#db, statement), options)
    const lines = rows
      .slice(0, limit)
      .map((row) => row['line'] as Transition & { readonly id: number })
    return {
      items: lines.map(({ id, ...line }) => line),
      next: rows.length > limit ? JSON.stringify(lines.at(-1)!.id) : null,
    }
  }

  async prune(prune: PruneQuery, options?: StorageCallOptions): Promise<Pruned> {
    const checked = checkedPrune(prune)
    const [row] = await this.#run(
      () => query(this.#db, pruneStatement(checked, this.#names)),
      options,
    )
    return { breakers: Number(row!['breakers']), transitions: Number(row!['transitions']) }
  }

  async #read(
    ids: readonly BreakerId[],
    options?: StorageCallOptions,
  ): Promise<{ snapshot: Snapshot; foreign: boolean }[]> {
    const rows = await this.#run(() => this.#look(ids), options)
    return rows.map(({ snapshot, at }, i) => ({
      snapshot: toSnapshot(snapshot, ids[i]!, at),
      foreign: snapshot?.foreign === true,
    }))
  }

  async #look(ids: readonly BreakerId[]): Promise<readonly Look[]> {
    const answer = await this.#ask(() =>
      readByFunction(JSON.stringify(ids.map(encodeLook)), this.#names),
    )
    if (answer !== undefined) return answer as Look[]
    const rows = await query(this.#db, readStatement(ids, this.#names))
    this.#installed = rows[0]!['installed'] === true
    return rows.map(({ snapshot, at }) => ({
      snapshot: snapshot as RowJson | null,
      at: Number(at),
    }))
  }

  async #write(
    ids: readonly BreakerId[],
    events: readonly object[],
    options?: StorageCallOptions,
  ): Promise<Admission[]> {
    const request = JSON.stringify(events)
    const answers = await this.#run(() => this.#call(request), options)
    const admissions: Admission[] = []
    for (const { ordinal, verdict, token, at, snapshot, transitions } of answers) {
      const { resourceKey, namespace } = ids[ordinal - 1]!
      admissions[ordinal - 1] = {
        snapshot: toSnapshot(snapshot, { resourceKey, namespace }, at),
        verdict,
        token,
        transitions: transitions.map((line) => ({ resourceKey, namespace, ...line })),
      }
    }
    return admissions
  }

  async #call(request: string): Promise<readonly Answer[]> {
    const answer = await this.#ask(() => callFunction(request, this.#names))
    if (answer !== undefined) return answer as Answer[]
    const [row] = await queryInOne(this.#db, callBlock(request, this.#names))
    this.#installed = row!['installed'] === true
    return row!['answer'] as Answer[]
  }

  /** What the function answers; undefined where it is not installed. */
  async #ask(statement: () => SQL): Promise<unknown> {
    if (!this.#installed) return undefined
    try {
      return (await query(this.#db, statement()))[0]!['answer']
    } catch (error) {
      if (!isUndefinedFunction(error)) throw error
      this.#installed = false
      return undefined
    }
  }

  async #run<T>(operation: () => Promise<T>, options?: StorageCallOptions): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      options?.signal?.throwIfAborted()
      try {
        return await abandonable(operation(), options?.signal)
      } catch (error) {
        if (options?.signal?.aborted) throw error
        const failure = asStorageError(error)
        if (failure.code !== 'STORAGE_BUSY' || attempt === ATTEMPTS) throw failure
      }
    }
  }
}

function snapshotIn(row: Row): Snapshot {
  const json = row['snapshot'] as RowJson
  return toSnapshot(
    json,
    { resourceKey: json.resource_key, namespace: json.namespace },
    Number(row['at']),
  )
}

/** Drizzle cannot hand a signal on to its driver: the waiting ends, the statement goes on. */
function abandonable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abandon = () => reject(signal.reason)
    signal.addEventListener('abort', abandon, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abandon))
  })
}
