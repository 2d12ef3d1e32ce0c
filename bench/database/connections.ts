import { readFileSync } from 'node:fs'
import pg from 'pg'

export type Commit = 'synchronous' | 'asynchronous'

/** Clients that stay connected, and answer with text: what a driver makes of an answer is not the database's cost. */
export class Connections implements AsyncDisposable {
  readonly #clients: readonly pg.Client[]

  private constructor(clients: readonly pg.Client[]) {
    this.#clients = clients
  }

  static async open(url: string, count: number, commit: Commit): Promise<Connections> {
    const clients = Array.from(
      { length: count },
      () => new pg.Client({ connectionString: url, options: commitOption(commit) }),
    )
    await Promise.all(clients.map((client) => client.connect()))
    return new Connections(clients)
  }

  /** A statement, unnamed and so planned anew, as an HTTP driver sends it; the first row's columns. */
  async query(
    connection: number,
    text: string,
    values?: readonly string[],
  ): Promise<readonly (string | null)[]> {
    const config = {
      text,
      rowMode: 'array' as const,
      types: AS_TEXT,
      ...(values && { values: [...values] }),
    }
    const { rows } = await this.#clients[connection]!.query<(string | null)[]>(config)
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

export function commitOption(commit: Commit): string {
  return `-c synchronous_commit=${commit === 'synchronous' ? 'on' : 'off'}`
}

function processorTime(client: pg.Client): number {
  const { processID } = client as pg.Client & { readonly processID: number }
  return Number(readFileSync(`/proc/${processID}/schedstat`, 'utf8').split(' ')[0]) / 1_000
}

/** What some connections did in a while. */
export interface Driven {
  readonly perSecond: number
  /** Of each operation, in milliseconds. */
  readonly latencies: readonly number[]
}

/** Each connection repeats the operation, one at a time, until the time is over. */
export async function drive(
  connections: number,
  milliseconds: number,
  operation: (connection: number) => Promise<void>,
): Promise<Driven> {
  const started = performance.now()
  const latencies: number[] = []
  const worker = async (connection: number) => {
    let now = performance.now()
    while (now - started < milliseconds) {
      await operation(connection)
      const after = performance.now()
      latencies.push(after - now)
      now = after
    }
  }
  await Promise.all(Array.from({ length: connections }, (_, connection) => worker(connection)))
  return { perSecond: (latencies.length / (performance.now() - started)) * 1_000, latencies }
}
