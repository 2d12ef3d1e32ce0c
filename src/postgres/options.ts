import type { Names } from '../core/checks.ts'

/** Options of a storage in PostgreSQL. */
export interface PostgresStorageOptions {
  /** The schema that holds the tables. Default: the connection's search path. */
  readonly schema?: string | undefined
  /**
   * Told at most once: the function is installed and this role may not call it, so that each write
   * sends the whole rule instead, at a fraction of the throughput. May return a promise, which is not
   * waited for; its failures are swallowed. Default: a warning on the console.
   */
  readonly onNotice?: ((notice: PostgresNotice) => unknown) | undefined
}

/** The names of these options, for those that add their own. */
export const POSTGRES_OPTIONS: Names<PostgresStorageOptions> = { schema: 1, onNotice: 1 }

/** What a developer should know of a storage in PostgreSQL. */
export interface PostgresNotice {
  readonly code: 'FUNCTION_NOT_ALLOWED'
  readonly message: string
}

/** Default of `onNotice`: a line on the console, where there is one. */
export function warn({ message }: PostgresNotice): void {
  globalThis.console?.warn(`resilient-circuit: ${message}`)
}
