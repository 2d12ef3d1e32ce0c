import { readFileSync } from 'node:fs'
import pg from 'pg'

/** Clients that stay connected, and answer with text: what a driver makes of an answer is not the database's cost. */
export class Connections implements AsyncDisposable {
  readonly #clients: readonly pg.Client[]

  private constructor(clients: readonly pg.Client[]) {
    this.#clients = clients
  }

  /** @param options - settings of their sessions, as `-c name=value` */
  static async open(url: string, count: number, options?: string): Promise<Connections> {
    const config = { connectionString: url, ...(options !== undefined && { options }) }
    const clients = Array.from({ length: count }, () => new pg.Client(config))
    await Promise.all(clients.map((client) => client.connect()))
    return new Connections(clients)
  }

  get count(): number {
    return this.#clients.length
  }

  /** A statement, unnamed and so planned anew, as an HTTP driver sends it; the first row's columns. */
  async query(
    connection: number,
    text: string,
    values: readonly (string | null)[] = [],
  ): Promise<readonly (string | null)[]> {
    const { rows } = await this.#clients[connection]!.query<(string | null)[]>({
      text,
      rowMode: 'array',
      types: AS_TEXT,
      ...(values.length > 0 && { values: [...values] }),
    })
    return rows[0] ?? []
  }

  /** What the clients' server processes have used of the processor so far, in microseconds; null where the machine does not tell. */
  serverMicroseconds(): number | null {
    try {
      return this.#clients.reduce((sum, client) => sum + processorTime(client), 0)
    } catch {
      return null
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end()))
  }
}

const AS_TEXT = { getTypeParser: () => (value: string) => value }

function processorTime(client: pg.Client): number {
  const { processID } = client as pg.Client & { readonly processID: number }
  return Number(readFileSync(`/proc/${processID}/schedstat`, 'utf8').split(' ')[0]) / 1_000
}

/** Each connection repeats the operation, one at a time, until the time is over. @returns how many there were in a second */
export async function drive(
  connections: number,
  milliseconds: number,
  operation: (connection: number) => Promise<void>,
): Promise<number> {
  const started = performance.now()
  let operations = 0
  const worker = async (connection: number) => {
    while (performance.now() - started < milliseconds) {
      await operation(connection)
      operations++
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, connection) => worker(connection)))
  return (operations * 1_000) / (performance.now() - started)
}
