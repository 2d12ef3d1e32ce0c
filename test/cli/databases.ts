import pg from 'pg'
import { createDatabase, type TestDatabase } from '../support/postgres.ts'

/** A database, with its owner's client and a role that owns nothing. */
export interface Databases extends AsyncDisposable {
  readonly url: string
  /** A role with this password, and no privilege beyond connecting. */
  readonly stranger: { readonly name: string; readonly password: string; readonly url: string }
  query(text: string): Promise<pg.QueryResult['rows']>
}

export async function openDatabase(serverUrl: string): Promise<Databases> {
  const database: TestDatabase = await createDatabase(serverUrl, 'cli')
  const client = new pg.Client(database.url)
  await client.connect()
  const url = new URL(database.url)
  const name = `stranger_${url.pathname.slice(1)}`
  const password = 'strange-secret'
  // Before version 15, everybody may create there.
  await client.query(
    `create role ${name} login password '${password}'; revoke create on schema public from public`,
  )
  Object.assign(url, { username: name, password })
  return {
    url: database.url,
    stranger: { name, password, url: url.href },
    query: async (text) => (await client.query(text)).rows,
    async [Symbol.asyncDispose]() {
      await client.query(`drop owned by ${name}; drop role ${name}`)
      await client.end()
      await database.drop()
    },
  }
}
