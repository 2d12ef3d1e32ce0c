import pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'
import {
  createDatabase,
  type PostgresServer,
  startPostgres,
  type TestDatabase,
} from '../../test/support/postgres.ts'

/** The test server's settings, made durable again: a commit that is not asynchronous waits for the disk. */
export const DURABLE = [
  'fsync=on',
  'full_page_writes=on',
  'max_connections=200',
  'max_wal_size=4GB',
] as const

/** A PostgreSQL server, and databases on it that end with it. */
export class Postgres implements AsyncDisposable {
  readonly #server: PostgresServer
  readonly #databases: TestDatabase[] = []

  private constructor(server: PostgresServer) {
    this.#server = server
  }

  /** @param settings - of the server, as `name=value`; by default it is that of the tests, which keeps nothing */
  static async start(settings: readonly string[] = []): Promise<Postgres> {
    return new Postgres(await startPostgres({ settings }))
  }

  async version(): Promise<string> {
    const [row] = await query<{ server_version: string }>(this.#server.url, 'show server_version')
    return row!.server_version
  }

  /** An empty database, or one with what this SQL makes. */
  async database(schema?: string): Promise<string> {
    const database = await createDatabase(this.#server.url, 'bench')
    this.#databases.push(database)
    if (schema !== undefined) await query(database.url, schema)
    return database.url
  }

  /** A database of our own tables, with the function. */
  async ours(): Promise<string> {
    const url = await this.database()
    await migrate(url)
    return url
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const database of this.#databases) await database.drop()
    await this.#server.stop()
  }
}

/** One statement, or several without parameters, on a connection of its own. */
export async function query<T extends pg.QueryResultRow>(
  url: string,
  statement: string,
): Promise<readonly T[]> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return (await client.query<T>(statement)).rows
  } finally {
    await client.end()
  }
}
