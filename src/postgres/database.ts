import type { SQL } from 'drizzle-orm'

/** What {@link DrizzleStorage} needs of a Drizzle database: any Postgres driver's has it. */
export interface DrizzleDatabase {
  execute(query: SQL): PromiseLike<QueryRows>
  /** Where the driver has no interactive transactions (Neon over HTTP): several statements in one, each driver's own builders. */
  batch?(queries: never): Promise<readonly unknown[]>
  transaction<T>(
    run: (tx: { execute(query: SQL): PromiseLike<QueryRows> }) => Promise<T>,
  ): Promise<T>
}

/** postgres-js answers with the rows themselves, every other driver with an object that holds them. */
export type QueryRows = readonly Row[] | { readonly rows: readonly Row[] }
export type Row = Record<string, unknown>

export async function query(db: DrizzleDatabase, statement: SQL): Promise<readonly Row[]> {
  return rowsOf(await db.execute(statement))
}

/** Several statements in one transaction and, over HTTP, one request; the rows of the last. */
export async function queryInOne(
  db: DrizzleDatabase,
  statements: readonly SQL[],
): Promise<readonly Row[]> {
  if (db.batch)
    return rowsOf(
      (await db.batch(statements.map((statement) => db.execute(statement)) as never)).at(
        -1,
      ) as QueryRows,
    )
  return db.transaction(async (tx) => {
    let last: readonly Row[] = []
    for (const statement of statements) last = rowsOf(await tx.execute(statement))
    return last
  })
}

function rowsOf(result: QueryRows): readonly Row[] {
  return 'rows' in result ? result.rows : result
}
