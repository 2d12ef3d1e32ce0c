import { type SQL, sql } from 'drizzle-orm'
import { type Database, type Row, type Statement, valueIn } from './database.ts'

/** What {@link DrizzleStorage} needs of a Drizzle database: any Postgres driver's has it. */
export interface DrizzleDatabase {
  execute(query: SQL): PromiseLike<QueryRows>
  /** Where the driver has no interactive transactions: several statements in one request. */
  batch?(queries: never): Promise<readonly unknown[]>
  transaction<T>(
    run: (tx: { execute(query: SQL): PromiseLike<QueryRows> }) => Promise<T>,
  ): Promise<T>
}

/** postgres-js answers with the rows themselves, every other driver with an object that holds them. */
type QueryRows = readonly Row[] | { readonly rows: readonly Row[] }

/** Runs statements through a Drizzle database. */
export function overDrizzle(db: DrizzleDatabase): Database {
  return {
    async run(statements, signal) {
      const queries = statements.map(asDrizzle)
      if (queries.length === 1) return valueIn(rowsOf(await db.execute(queries[0]!)))
      if (db.batch) {
        const results = await db.batch(queries.map((query) => db.execute(query)) as never)
        return valueIn(rowsOf(results.at(-1) as QueryRows))
      }
      return db.transaction(async (tx) => {
        let last: QueryRows = []
        for (const query of queries) {
          signal?.throwIfAborted()
          last = await tx.execute(query)
        }
        return valueIn(rowsOf(last))
      })
    },
  }
}

function asDrizzle({ text, params }: Statement): SQL {
  if (params.length === 0) return sql.raw(text)
  const parts = text.split(/\$(\d+)/)
  return sql.join(
    parts.map((part, i) => (i % 2 === 0 ? sql.raw(part) : sql`${params[Number(part) - 1]}`)),
  )
}

function rowsOf(result: QueryRows): readonly Row[] {
  return 'rows' in result ? result.rows : result
}
