import type { Transition, Verdict } from '../core/event.ts'
import type { BreakerId } from '../fleet/admin.ts'
import type { Database, Statement } from './database.ts'
import { isMissingFunction } from './errors.ts'
import type { PostgresStorageOptions } from './options.ts'
import { query } from './query.ts'
import type { RowJson } from './row.ts'
import { callBlock, callFunction, readByFunction } from './statements/call.ts'
import type { Names } from './statements/names.ts'
import { readStatement } from './statements/read.ts'
import { encodeLook } from './wire.ts'

/** What came of one event. */
export interface Answer {
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

/** What a statement of the tables-only form answers. */
interface Found {
  /** May the function be called? Null where it is installed, and this role may not. */
  readonly installed: boolean | null
  readonly looks: readonly Look[]
  readonly answers: readonly Answer[]
}

/** The rule in its two forms: as the function where that may be called, else as a text that is sent each time. */
export class Shells {
  readonly #database: Database
  readonly #names: Names
  #onNotice: PostgresStorageOptions['onNotice']
  #installed = false

  constructor(database: Database, names: Names, onNotice: PostgresStorageOptions['onNotice']) {
    this.#database = database
    this.#names = names
    this.#onNotice = onNotice
  }

  /** Reads breakers, in the order asked for. Writes nothing. */
  async look(ids: readonly BreakerId[], signal?: AbortSignal): Promise<readonly Look[]> {
    const request = JSON.stringify(ids.map(encodeLook))
    const looks = await this.#ask(readByFunction(request, this.#names), signal)
    return (
      (looks as readonly Look[] | undefined) ??
      this.#found([readStatement(ids, this.#names)], signal).then((found) => found.looks)
    )
  }

  /** Has the database judge, and write. */
  async call(request: string, signal?: AbortSignal): Promise<readonly Answer[]> {
    const answers = await this.#ask(callFunction(request, this.#names), signal)
    return (
      (answers as readonly Answer[] | undefined) ??
      this.#found(callBlock(request, this.#names), signal).then((found) => found.answers)
    )
  }

  /** What the function answers; undefined where it is not installed, or not for this role. */
  async #ask(statement: Statement, signal?: AbortSignal): Promise<unknown> {
    if (!this.#installed) return undefined
    try {
      return await query(this.#database, [statement], signal)
    } catch (error) {
      if (!isMissingFunction(error)) throw error
      this.#installed = false
      return undefined
    }
  }

  /** The tables-only form, which also learns whether the function may be called from now on. */
  async #found(statements: readonly Statement[], signal?: AbortSignal): Promise<Found> {
    const found = (await query(this.#database, statements, signal)) as Found
    this.#installed = found.installed === true
    if (found.installed === null) this.#notAllowed()
    return found
  }

  #notAllowed(): void {
    const tell = this.#onNotice
    this.#onNotice = undefined
    const { fn } = this.#names
    const message = `the role may not call ${fn}, so each write sends the whole rule: grant execute on function ${fn}(jsonb) to it`
    // Nobody waits for it, and its failure is nobody's.
    ;(async () => tell?.({ code: 'FUNCTION_NOT_ALLOWED', message }))().catch(() => {})
  }
}
