import type { PGlite, protocol } from '@electric-sql/pglite'
import { RESET, type Result, type Session, type Sessions } from './backend.ts'
import { importOptional } from './errors.ts'

type Protocol = typeof protocol

const NO_COPY = 'COPY FROM STDIN is not possible over HTTP'

/**
 * The one session of an embedded PGlite, lent to one request after the other. We speak the wire
 * protocol with it: so values stay text both ways, and the command tag is PostgreSQL's own.
 * @param dataDir - a folder that keeps the data; left out, they live in memory
 * @throws {LocalNeonError} where `@electric-sql/pglite` is not installed
 */
export async function pgliteSessions(dataDir: string | undefined): Promise<Sessions> {
  const { PGlite, protocol } = await importOptional(
    '@electric-sql/pglite',
    () => import('@electric-sql/pglite'),
  )
  const db = await PGlite.create({
    ...(dataDir === undefined ? {} : { dataDir }),
    // PGlite narrows the search path; a server does not.
    startParams: [...PGlite.defaultStartParams, '-c', 'search_path="$user", public'],
  })
  const connection = connect(db, protocol)
  const session = sessionOn(connection, protocol)

  return {
    lend: (signal, use) =>
      db.runExclusive(async () => {
        signal.throwIfAborted()
        try {
          return await use(session)
        } finally {
          // There is no other session to fall back to, so this one is put right, whatever happened
          // in it.
          if (connection.inTransaction()) await session.script('rollback')
          await session.script(RESET)
        }
      }),
    close: () => db.close(),
  }
}

interface Connection {
  send(...messages: Uint8Array[]): Promise<Result>
  inTransaction(): boolean
}

function connect(db: PGlite, { messages: known }: Protocol): Connection {
  let crash: { readonly cause: unknown } | undefined
  let inTransaction = false

  return {
    async send(...outgoing) {
      // A PGlite whose PostgreSQL has ended spins on the next message until the process is out of
      // memory.
      if (crash) throw new Error('the embedded PostgreSQL has ended', crash)
      const { messages } = await db
        .execProtocol(Buffer.concat(outgoing), { throwOnError: false })
        .catch((cause) => {
          crash = { cause }
          throw cause
        })

      let result: Result = { command: '', rowCount: null, fields: [], rows: [] }
      const rows: (string | null)[][] = []
      let failure: Error | undefined
      for (const message of messages) {
        if (message instanceof known.DataRowMessage) rows.push(message.fields)
        else if (message instanceof known.RowDescriptionMessage)
          result = { ...result, fields: message.fields }
        else if (message instanceof known.CommandCompleteMessage)
          result = { ...result, ...parseTag(message.text) }
        else if (message instanceof known.ReadyForQueryMessage)
          inTransaction = message.status !== 'I'
        else if (message instanceof known.DatabaseError) failure ??= message
      }
      if (failure) throw failure
      return { ...result, rows }
    },
    inTransaction: () => inTransaction && !crash,
  }
}

function sessionOn(connection: Connection, { serialize }: Protocol): Session {
  return {
    query: ({ query, params }) =>
      connection.send(
        serialize.parse({ text: query }),
        serialize.bind({ values: [...params] }),
        serialize.describe({ type: 'P' }),
        serialize.execute({}),
        // Ignored, except by a COPY that waits for data: it would wait for ever.
        serialize.copyFail(NO_COPY),
        serialize.sync(),
      ),
    async script(text) {
      await connection.send(serialize.query(text))
    },
  }
}

/** `INSERT 0 5`, `SELECT 5`, `CREATE TABLE` */
function parseTag(tag: string): Pick<Result, 'command' | 'rowCount'> {
  const [, command = '', count] = /^(\w+).*?(?: (\d+))?$/.exec(tag) ?? []
  return { command, rowCount: count === undefined ? null : Number(count) }
}
