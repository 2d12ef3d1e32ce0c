import pg from 'pg'
import { migrate } from '../../src/postgres/migrate.ts'
import { createDatabase, type PostgresServer, startPostgres } from '../../test/support/postgres.ts'

/** The test server's settings, made durable again: a commit that is not asynchronous waits for the disk. */
export function startDurable(): Promise<PostgresServer> {
  return startPostgres({
    settings: ['fsync=on', 'full_page_writes=on', 'max_connections=200', 'max_wal_size=4GB'],
  })
}

export async function onServer<T extends pg.QueryResultRow>(
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

/** A database of our own tables, with the function. */
export async function ourDatabase(serverUrl: string): Promise<string> {
  const { url } = await createDatabase(serverUrl, 'bench_ours')
  await migrate(url)
  return url
}

/** A database with what this SQL makes. */
export async function databaseOf(serverUrl: string, schema: string): Promise<string> {
  const { url } = await createDatabase(serverUrl, 'bench_other')
  await onServer(url, schema)
  return url
}
