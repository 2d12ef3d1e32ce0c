import { createStorage, type EnvironmentStorage } from '../env/node.ts'
import { type DatabaseSettings, readEnvironment } from '../env/settings.ts'
import type { Row } from '../postgres/database.ts'
import type { MigrationTarget } from '../postgres/migrate.ts'
import { runScript } from '../postgres/migration-target.ts'
import type { Terminal } from './terminal.ts'
import { type Given, UsageError } from './usage.ts'

/**
 * @throws {UsageError} where the environment names no database; {InvalidOptionError} where it does
 * so wrongly
 */
export function databaseOf({ env }: Terminal): DatabaseSettings {
  const { database } = readEnvironment(env, true)
  if (database) return database
  throw new UsageError(
    'no database is set: set RC_DB_DSN, or RC_DATABASE_URL, or RC_DB_HOST and RC_DB_PASSWORD, or DATABASE_URL, in the environment or in .env',
  )
}

/** Runs `use` on the storage of the environment, and ends its connections. */
export async function withStorage<T>(
  given: Given,
  terminal: Terminal,
  use: (storage: EnvironmentStorage) => Promise<T>,
): Promise<T> {
  databaseOf(terminal)
  const schema = given.text('schema')
  const storage = createStorage(terminal.env, {
    onNotice: () => {},
    ...(schema === undefined ? {} : { schema }),
  })
  try {
    return await use(storage)
  } finally {
    await storage.close()
  }
}

/** A database to be looked at by other means than a storage. */
export interface Connection {
  query(text: string): Promise<readonly Row[]>
  /** Runs statements in one transaction; the one value of the last. */
  script(statements: readonly string[]): Promise<unknown>
  close(): Promise<void>
}

export async function connect(database: DatabaseSettings): Promise<Connection> {
  if (database.driver === 'neon-http') {
    const sql = await neonClient(database)
    return {
      query: async (text) => (await sql.query(text)) as Row[],
      script: runScript(sql),
      close: async () => {},
    }
  }
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: database.url, connectionTimeoutMillis: 10_000 })
  // A connection that breaks also rejects what it was asked; without a listener it would end the
  // process, too.
  client.on('error', () => {})
  await client.connect()
  return {
    query: async (text) => (await client.query(text)).rows,
    script: runScript(client),
    close: () => client.end(),
  }
}

/** What `migrate` may work on. */
export async function migrationTarget(database: DatabaseSettings): Promise<MigrationTarget> {
  return database.driver === 'neon-http' ? neonClient(database) : database.url
}

async function neonClient({ url, fetchEndpoint }: DatabaseSettings) {
  const { neon, neonConfig } = await import('@neondatabase/serverless')
  // For the whole process, which has one database.
  if (fetchEndpoint !== undefined) neonConfig.fetchEndpoint = fetchEndpoint
  return neon(url)
}

/** Where the database is, without its password. */
export function placeOf({ url, fetchEndpoint }: DatabaseSettings): {
  host: string
  port: string
  name: string
  user: string
  endpoint: string
} {
  const { hostname, port, pathname, username } = new URL(url)
  return {
    host: hostname,
    port: port || '5432',
    name: decodeURIComponent(pathname.slice(1)),
    user: decodeURIComponent(username),
    endpoint: fetchEndpoint ?? `${hostname}:${port || '5432'}`,
  }
}
