/** One statement: `$1` stands for the first of its parameters. Each is text, which the statement casts. */
export interface Statement {
  readonly text: string
  readonly params: readonly string[]
}

/** A row, by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>

/** What a storage needs of a database. */
export interface Database {
  /**
   * Runs statements as one transaction and, over HTTP, in one request. A single one needs no transaction.
   * @param signal - ends the waiting, and the request where the driver can end it
   * @returns the first column of the first row of the last statement
   */
  run(statements: readonly Statement[], signal?: AbortSignal): Promise<unknown>
}

/** The first column, by whatever name a driver gives it. */
export function valueIn(rows: readonly Row[]): unknown {
  return Object.values(rows[0] ?? {})[0]
}

/** Collects the parameters of a statement. Each is sent as text, so that no driver's idea of a type matters. */
export class Params {
  readonly values: string[] = []

  /** @returns what stands for the value in the text */
  add(value: string | number): string {
    return `$${this.values.push(String(value))}::text`
  }
}
