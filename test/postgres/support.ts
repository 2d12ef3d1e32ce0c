import { readFileSync } from 'node:fs'
import pg from 'pg'

const tables = readFileSync(new URL('../../drizzle/0000_tables.sql', import.meta.url), 'utf8')

/** The tables alone, as `drizzle-kit push` leaves them. */
export async function pushSchema(url: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(tables.replaceAll('--> statement-breakpoint', ''))
  await client.end()
}
