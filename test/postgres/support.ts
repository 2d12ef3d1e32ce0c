import { readFileSync } from 'node:fs'
import pg from 'pg'

/** The statements that make the tables alone, as `drizzle-kit push` leaves them. */
export const TABLES: string = readFileSync(
  new URL('../../drizzle/0000_tables.sql', import.meta.url),
  'utf8',
).replaceAll('--> statement-breakpoint', '')

export async function pushSchema(url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(TABLES)
  await client.end()
}

/** Columns that the tables have already, and the trigger that tells who wrote a window. */
export const WINDOW_TRIGGER: string = readFileSync(
  new URL('../../drizzle/0002_execution_log.sql', import.meta.url),
  'utf8',
).replaceAll('--> statement-breakpoint', '')
