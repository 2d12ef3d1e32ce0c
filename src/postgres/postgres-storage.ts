import { nextCall } from '../core/admit.ts'
import { isOwnError } from '../core/errors.ts'
import type { Transition } from '../core/event.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type {
  BreakerId,
  BreakerPage,
  BreakerSummary,
  HistoryQuery,
  ListQuery,
  Page,
  Pruned,
  PruneQuery,
  RemoveRequest,
  StorageCallOptions,
} from '../fleet/admin.ts'
import {
  checkedLimit,
  checkedList,
  checkedPrune,
  checkedSpan,
  listCursor,
  parseHistoryCursor,
  parseListCursor,
} from '../fleet/paging.ts'
import type {
  AcquireRequest,
  Admission,
  CircuitStorage,
  ControlRequest,
  Exchanged,
  ExchangeRequest,
} from '../fleet/port.ts'
import { sharedLine } from '../fleet/shared-line.ts'
import { abandonable } from './abandonable.ts'
import type { Database } from './database.ts'
import { asStorageError, StorageError } from './errors.ts'
import { type PostgresStorageOptions, warn } from './options.ts'
import { query } from './query.ts'
import { type RowJson, toSnapshot } from './row.ts'
import { type Answer, Shells } from './shells.ts'
import {
  historyStatement,
  listStatement,
  pruneStatement,
  removeStatement,
} from './statements/admin.ts'
import { type Names, namesIn } from './statements/names.ts'
import { encodeAcquire, encodeCommand, encodeReport } from './wire.ts'

/** How often a statement of which the database said that it counted nothing is sent again at once. */
const ATTEMPTS = 3

/**
 * Breakers in PostgreSQL 14 or newer. Needs the tables alone (`drizzle-kit push`); where the function
 * is installed (`drizzle-kit migrate`, `resilient-circuit pg-setup`) it is found and used, at several
 * times the throughput. Made by {@link DrizzleStorage}, or by `neonStorage` and `nodePostgresStorage`.
 *
 * Its promises reject with a {@link StorageError}, or with the reason of the caller's own signal.
 */
export class PostgresStorage implements CircuitStorage {
  readonly shared = true
  readonly line = sharedLine
  readonly backendName = 'postgres'
  readonly #names: Names
  readonly #database: Database
  readonly #shells: Shells

  /**
   * @internal
   * @throws {InvalidOptionError} where `schema` is no plain name
   */
  constructor(database: Database, { schema, onNotice = warn }: PostgresStorageOptions) {
    this.#names = namesIn(schema)
    this.#database = database
    this.#shells = new Shells(database, this.#names, onNotice)
  }

  async exchange(
    requests: readonly ExchangeRequest[],
    options?: StorageCallOptions,
  ): Promise<readonly Exchanged[]> {
    if (requests.length === 0) return []
    if (requests.some(({ report }) => report))
      return this.#write(requests, requests.map(encodeReport), options)
    if (requests.some(({ show }) => show)) {
      try {
        return await this.#write(requests, requests.map(encodeReport), options)
      } catch (error) {
        // A role that may only read stays unknown, and reads.
        if (!(error instanceof StorageError && error.code === 'NOT_ALLOWED')) throw error
      }
    }
    const read = await this.#read(requests, options)
    const told = read.map(({ snapshot, createdAt }): Exchanged => {
      const answer = { snapshot, verdict: 'none', transitions: [] } as const
      return createdAt === null ? answer : { ...answer, createdAt }
    })
    if (!read.some(({ foreign }) => foreign)) return told
    // A foreign write is not to be read but to be resolved, which only the database can do. A role that may only read is told what the
    // next writer will make of it.
    return this.#write(requests, requests.map(encodeReport), options, told)
  }

  async acquire(request: AcquireRequest, options?: StorageCallOptions): Promise<Admission> {
    if (request.expected === undefined || request.expected === 'CLOSED') {
      const [read] = await this.#read([request], options)
      const { snapshot, foreign } = read!
      // The specification says whether there is anything to write; only then does a statement that can write follow, and decide anew.
      const verdict = nextCall(snapshot, request.settings, snapshot.at)
      if (verdict !== 'probe') {
        const told = { snapshot, verdict, token: null, transitions: [] }
        if (!foreign) return told
        return (await this.#write([request], [encodeAcquire(request)], options, [told]))[0]!
      }
    }
    return (await this.#write([request], [encodeAcquire(request)], options))[0]!
  }

  async control(request: ControlRequest, options?: StorageCallOptions): Promise<Exchanged> {
    return (await this.#write([request], [encodeCommand(request)], options))[0]!
  }

  async remove(request: RemoveRequest, options?: StorageCallOptions): Promise<boolean> {
    const statement = removeStatement(request, this.#names)
    const [found, deleted, logged] = (await this.#run(
      (signal) => query(this.#database, [statement], signal),
      options,
    )) as readonly number[]
    if (deleted === found && logged === found) return found === 1
    throw new StorageError('NOT_WRITTEN', 'a trigger, a rule or a policy kept the row', undefined)
  }

  async list(list: ListQuery = {}, options?: StorageCallOptions): Promise<BreakerPage> {
    const limit = checkedList(list)
    const after = list.after === undefined ? undefined : parseListCursor(list.after)
    const { at, rows, summary } = (await this.#run(
      (signal) =>
        query(this.#database, [listStatement(list, after, limit + 1, this.#names)], signal),
      options,
    )) as {
      at: number
      rows: readonly (RowJson & { readonly rank: number })[]
      summary: BreakerSummary | null
    }
    const items = rows.slice(0, limit).map((row) => toSnapshot(row, idOf(row), at))
    // The rows are in the order of what they say themselves, also where another program wrote the count.
    const last = rows.length > limit ? rows[limit - 1]! : null
    const place = last && { ...idOf(last), rank: last.rank, failureCount: last.failure_count }
    const next = place && listCursor(place, after?.at ?? at)
    return summary === null ? { items, next } : { items, next, summary }
  }

  async history(
    history: HistoryQuery = {},
    options?: StorageCallOptions,
  ): Promise<Page<Transition>> {
    const limit = checkedLimit(history.limit)
    const before = history.after === undefined ? undefined : parseHistoryCursor(history.after)
    const newerThanMs = checkedSpan(history)
    const statement = historyStatement(history, newerThanMs, before, limit + 1, this.#names)
    const found = (await this.#run(
      (signal) => query(this.#database, [statement], signal),
      options,
    )) as readonly (Transition & { readonly id: number })[]
    const lines = found.slice(0, limit)
    return {
      items: lines.map(({ id, ...line }) => line),
      next: found.length > limit ? JSON.stringify(lines.at(-1)!.id) : null,
    }
  }

  async prune(prune: PruneQuery, options?: StorageCallOptions): Promise<Pruned> {
    const statement = pruneStatement(checkedPrune(prune), this.#names)
    return (await this.#run(
      (signal) => query(this.#database, [statement], signal),
      options,
    )) as Pruned
  }

  async #read(
    ids: readonly BreakerId[],
    options?: StorageCallOptions,
  ): Promise<{ snapshot: Snapshot; foreign: boolean; createdAt: number | null }[]> {
    const rows = await this.#run((signal) => this.#shells.look(ids, signal), options)
    return rows.map(({ snapshot, at }, i) => ({
      snapshot: toSnapshot(snapshot, ids[i]!, at),
      foreign: snapshot !== null && snapshot.foreign !== null,
      createdAt: snapshot?.created_at ?? null,
    }))
  }

  /** @param told - what a role that may not write is told instead */
  async #write<T = Admission>(
    ids: readonly BreakerId[],
    events: readonly object[],
    options?: StorageCallOptions,
    told?: readonly T[],
  ): Promise<readonly (T | Admission)[]> {
    const request = JSON.stringify(events)
    let answers: readonly Answer[]
    try {
      answers = await this.#run((signal) => this.#shells.call(request, signal), options)
    } catch (error) {
      if (told && isOwnError(error, 'NOT_ALLOWED')) return told
      throw error
    }
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

  /** Sends again at once what the database says it did not count. */
  async #run<T>(
    operation: (signal?: AbortSignal) => Promise<T>,
    { signal }: StorageCallOptions = {},
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      try {
        return await abandonable(operation(signal), signal)
      } catch (error) {
        if (signal?.aborted) throw signal.reason
        const failure = asStorageError(error)
        if (failure.code !== 'STORAGE_BUSY' || attempt === ATTEMPTS) throw failure
      }
    }
  }
}

function idOf({ resource_key, namespace }: RowJson): BreakerId {
  return { resourceKey: resource_key, namespace }
}
