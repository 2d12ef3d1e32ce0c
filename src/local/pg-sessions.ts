import type { Client, PoolClient } from 'pg'
import { RESET, type Result, type Session, type Sessions, type Statement } from './backend.ts'
import { importOptional } from './errors.ts'

/** As many as Neon keeps for one endpoint. */
const MAX_CONNECTIONS = 20
/** As long as Neon keeps an idle one. */
const IDLE_MS = 300_000

const rawText = { getTypeParser: () => (text: string) => text }

/**
 * Sessions of a PostgreSQL server, over TCP. @throws {LocalNeonError} where `pg` is not installed
 */
export async function pgSessions(databaseUrl: string): Promise<Sessions> {
  const { default: pg } = await importOptional('pg', () => import('pg'))
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: MAX_CONNECTIONS,
    idleTimeoutMillis: IDLE_MS,
  })
  // A server that goes away closes idle connections too; the pool replaces them, and without a
  // listener the process ends.
  pool.on('error', () => {})
  // node-postgres refuses a COPY that waits for data; but the server has ignored the Sync that was
  // already there, and wants another.
  pool.on('connect', ({ connection }) => connection.on('copyInResponse', () => connection.sync()))

  return {
    async lend(signal, use) {
      const client = await pool.connect()
      if (signal.aborted) {
        client.release()
        throw signal.reason
      }
      let cancelling: Promise<void> | undefined
      const cancel = () => {
        cancelling = cancelBackend(
          new pg.Client({ connectionString: databaseUrl }),
          processId(client),
        ).finally(() => {
          // Whatever the server makes of it, nobody waits for it any longer.
          client.connection.stream.destroy()
        })
      }
      signal.addEventListener('abort', cancel, { once: true })
      // The next query reports it; an event without a listener would end the process.
      const ignore = () => {}
      client.on('error', ignore)

      let reusable = false
      try {
        const value = await use(sessionOf(client))
        reusable = !signal.aborted && client.getTransactionStatus() === 'I' && (await reset(client))
        return value
      } finally {
        signal.removeEventListener('abort', cancel)
        // A cancel that is still on its way must not hit the connection's next user.
        await cancelling
        client.off('error', ignore)
        client.release(!reusable)
      }
    },
    close: () => pool.end(),
  }
}

function sessionOf(client: PoolClient): Session {
  return {
    async query({ query, params }: Statement): Promise<Result> {
      // Without `queryMode`, a statement that has no parameters would go as a script.
      const statement = {
        text: query,
        values: [...params],
        rowMode: 'array' as const,
        types: rawText,
        queryMode: 'extended',
      }
      const { command, rowCount, fields, rows } = await client.query<(string | null)[]>(statement)
      return { command: command ?? '', rowCount, fields, rows }
    },
    async script(text) {
      await client.query(text)
    },
  }
}

function reset(client: PoolClient): Promise<boolean> {
  return client.query(RESET).then(
    () => true,
    () => false,
  )
}

/** node-postgres has it, its types do not. */
function processId(client: PoolClient): number {
  return (client as PoolClient & { readonly processID: number }).processID
}

/**
 * On a connection of its own: the pool may be used up by the very statements that are to be
 * cancelled.
 */
async function cancelBackend(client: Client, pid: number): Promise<void> {
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select pg_cancel_backend($1::int)', [pid])
  } catch {
    // Nobody is left to tell: the client that wanted the statement is gone.
  } finally {
    await client.end().catch(() => {})
  }
}
