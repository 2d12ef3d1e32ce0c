import { beginStatement, type Transaction } from './transaction.ts'

/** One statement, its parameters as the untyped text that PostgreSQL gets. */
export interface Statement {
  readonly query: string
  readonly params: readonly (string | null)[]
}

/** What one statement answered; every value is PostgreSQL's own text. */
export interface Result {
  readonly command: string
  readonly rowCount: number | null
  readonly fields: readonly Field[]
  readonly rows: readonly (readonly (string | null)[])[]
}

export interface Field {
  readonly name: string
  readonly dataTypeID: number
  readonly tableID: number
  readonly columnID: number
  readonly dataTypeSize: number
  readonly dataTypeModifier: number
}

/** One connection, for as long as it is lent. */
export interface Session {
  /** One statement in the extended protocol, unnamed. */
  query(statement: Statement): Promise<Result>
  /** Any number of statements in the simple protocol. */
  script(text: string): Promise<void>
}

/** A kind of PostgreSQL. */
export interface Sessions {
  /**
   * Lends a session on which nobody's settings, locks or temporary tables are left; a failure costs
   * the session. When `signal` aborts, what runs in it is cancelled.
   */
  lend<T>(signal: AbortSignal, use: (session: Session) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface RunOptions {
  readonly signal: AbortSignal
  /** Gets each result as it comes. What it throws undoes the transaction. */
  readonly receive: (result: Result) => void
}

/** The database behind the endpoint. */
export interface Backend {
  /** Runs one statement by itself, or a batch as one transaction. */
  run(
    batch: readonly Statement[],
    transaction: Transaction | null,
    options: RunOptions,
  ): Promise<void>
  /** Runs a script of any number of statements, in one session. */
  exec(sqlText: string): Promise<void>
  close(): Promise<void>
}

/** What both kinds have in common. */
export function backendOver(sessions: Sessions): Backend {
  return {
    run: (batch, transaction, { signal, receive }) =>
      sessions.lend(signal, async (session) => {
        if (transaction) await session.script(beginStatement(transaction))
        try {
          for (const statement of batch) {
            signal.throwIfAborted()
            receive(await session.query(statement))
          }
        } catch (error) {
          // A connection that is thrown away frees its locks only when the server notices; the
          // client must not wait for that.
          if (transaction) await session.script('rollback').catch(() => {})
          throw error
        }
        if (transaction) await session.script('commit')
      }),
    exec: (sqlText) =>
      sessions.lend(new AbortController().signal, (session) => session.script(sqlText)),
    close: () => sessions.close(),
  }
}

/**
 * `discard all` without `discard plans`: as at Neon, the plans of functions outlive the request,
 * and nothing else does. It must not run inside of a transaction that the client left open.
 */
export const RESET = [
  'close all',
  'set session authorization default',
  'reset all',
  'deallocate all',
  'unlisten *',
  'select pg_advisory_unlock_all()',
  'discard temp',
  'discard sequences',
].join('; ')
