import type { Tally } from '../support/counting-proxy.ts'

/** One isolate, or one process, with one breaker whose state is kept in PostgreSQL. */
export interface Contender extends AsyncDisposable {
  /** Calls the dependency through the breaker; whatever comes of it is none of the caller's business here. */
  call(fails: boolean): Promise<void>
  /** What its storage cost so far. */
  readonly tally: Tally
}

export interface Setting {
  /** A database of its own for the Python library's table, which has the same name as ours. */
  readonly originalUrl: string
  readonly neon: { readonly databaseUrl: string; readonly fetchEndpoint: string }
  readonly cooldownMs: number
}
