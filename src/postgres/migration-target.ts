import { type Row, valueIn } from './database.ts'
import { type DrizzleDatabase, overDrizzle } from './drizzle-database.ts'
import { checkedUrl } from './url.ts'

/** A Postgres URL (needs `pg`), any Drizzle database, `neon(url)`, a `Pool` or `Client` of `pg`, or a PGlite. */
export type MigrationTarget = string | DrizzleDatabase | NeonClient | PgClient | ScriptRunner

/** What is needed of `neon(url)`. */
export interface NeonClient {
  query(text: string): unknown
  /** Takes back what `query` gave. */
  transaction(queries: never): Promise<unknown>
}

/** What is needed of a `Pool` or a `Client` of `pg`: without parameters, it sends any number of statements in one message. */
export interface PgClient {
  query(script: string): Promise<unknown>
}

/** What is needed of a PGlite: any number of statements in one message. An answer that is not PGlite's tells nothing of what was done. */
export interface ScriptRunner {
  exec(script: string): Promise<unknown>
}

/** How long a connection may take to be made. */
const CONNECT_MS = 10_000

/** Runs statements in one transaction; the one value of the last. */
export type RunScript = (statements: readonly string[]) => Promise<unknown>

/** @throws {InvalidOptionError} where the target is a URL that is none */
export function runScript(target: MigrationTarget | undefined): RunScript {
  if (target === undefined || typeof target === 'string') return overUrl(checkedUrl('url', target))
  if ('execute' in target)
    return (statements) => overDrizzle(target).run(statements.map((text) => ({ text, params: [] })))
  if ('exec' in target) return async (statements) => lastValue(await target.exec(inOne(statements)))
  if ('transaction' in target) {
    return async (statements) =>
      lastValue(await target.transaction(statements.map((text) => target.query(text)) as never))
  }
  return async (statements) => lastValue(await target.query(inOne(statements)))
}

function overUrl(connectionString: string): RunScript {
  return async (statements) => {
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: CONNECT_MS })
    // A connection that breaks also rejects what it was asked; without a listener it would end the process, too.
    client.on('error', () => {})
    try {
      await client.connect()
      return lastValue(await client.query(inOne(statements)))
    } finally {
      await client.end().catch(() => {})
    }
  }
}

/** Statements in one message of the simple protocol are one transaction, within the one that is open if there is one. */
const inOne = (statements: readonly string[]): string => statements.join(';\n')

function lastValue(results: unknown): unknown {
  const last: unknown = Array.isArray(results) ? results.at(-1) : undefined
  if (Array.isArray(last)) return valueIn(last)
  return valueIn((last as { readonly rows?: readonly Row[] } | undefined)?.rows ?? [])
}
