import type { SQL } from 'drizzle-orm'
import { CasingCache } from 'drizzle-orm/casing'
import type { DrizzleDatabase, QueryRows, Row } from './database.ts'

interface Payload {
  readonly query: string
  readonly params: readonly (string | null)[]
}

/** What Neon answers to one statement: every value as PostgreSQL's text for it. */
interface Result {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

/** The types of what {@link DrizzleStorage} reads, by their OIDs; any other value stays text. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  114: JSON.parse,
  701: Number,
  3802: JSON.parse,
}

/** Neon's SQL over HTTP, as far as {@link DrizzleStorage} needs it: single statements, and several as one transaction. */
export class NeonHttp implements DrizzleDatabase {
  readonly #connection: string
  readonly #endpoint: string

  constructor(connection: string, endpoint: string) {
    this.#connection = connection
    this.#endpoint = endpoint
  }

  execute(query: SQL): Statement {
    return new Statement(query, async (payload) => rowsOf((await this.#send(payload)) as Result))
  }

  async batch(statements: readonly Statement[]): Promise<readonly QueryRows[]> {
    const queries = statements.map(({ payload }) => payload)
    const { results } = (await this.#send({ queries })) as { readonly results: readonly Result[] }
    return results.map(rowsOf)
  }

  transaction(): never {
    throw new Error('there are no interactive transactions over HTTP')
  }

  async #send(body: Payload | { readonly queries: readonly Payload[] }): Promise<unknown> {
    const response = await fetch(this.#endpoint, {
      method: 'POST',
      headers: {
        'Neon-Connection-String': this.#connection,
        'Neon-Raw-Text-Output': 'true',
        'Neon-Array-Mode': 'true',
      },
      body: JSON.stringify(body),
    })
    if (response.ok) return response.json()
    // The database's own refusal; anything else comes from what stands before it.
    if (response.status !== 400)
      throw new Error(`server error (HTTP status ${response.status}): ${await response.text()}`)
    const { message, code } = (await response.json()) as {
      readonly message: string
      readonly code?: string
    }
    throw Object.assign(new Error(message), { code })
  }
}

/** Sent when it is waited for, as Drizzle's are: one that goes into a batch is not sent by itself. */
class Statement implements PromiseLike<QueryRows> {
  readonly payload: Payload
  readonly #send: (payload: Payload) => Promise<QueryRows>

  constructor(query: SQL, send: (payload: Payload) => Promise<QueryRows>) {
    const { sql, params } = query.toQuery(DIALECT)
    this.payload = {
      query: sql,
      params: params.map((value) => (value === null ? null : String(value))),
    }
    this.#send = send
  }

  // biome-ignore lint/suspicious/noThenProperty: it is waited for like a promise
  then: Promise<QueryRows>['then'] = (resolved, rejected) =>
    this.#send(this.payload).then(resolved, rejected)
}

/** How Drizzle writes PostgreSQL. Its own `PgDialect` would bring its whole query builder along. */
const DIALECT: Parameters<SQL['toQuery']>[0] = {
  casing: new CasingCache(),
  escapeName: (name) => `"${name.replaceAll('"', '""')}"`,
  escapeParam: (index) => `$${index + 1}`,
  escapeString: (text) => `'${text.replaceAll("'", "''")}'`,
}

function rowsOf({ fields, rows }: Result): QueryRows {
  const value = (text: string | null, i: number) =>
    text === null ? null : (PARSERS[fields[i]!.dataTypeID]?.(text) ?? text)
  return rows.map(
    (row): Row => Object.fromEntries(row.map((text, i) => [fields[i]!.name, value(text, i)])),
  )
}
