import { describe, expect, it } from 'vitest'
import {
  backendOver,
  type Session,
  type Sessions,
  type Statement,
} from '../../src/local/backend.ts'

const RESULT = { command: 'SELECT', rowCount: 1, fields: [], rows: [] }

/** Sessions that write down what they are asked for. */
function recorded(onQuery: (statement: Statement) => void = () => {}): {
  sessions: Sessions
  log: string[]
} {
  const log: string[] = []
  const session: Session = {
    async query(statement) {
      log.push(statement.query)
      onQuery(statement)
      return RESULT
    },
    async script(text) {
      log.push(text)
    },
  }
  return { log, sessions: { lend: (_, use) => use(session), close: async () => {} } }
}

const batch = ['a', 'b'].map((query) => ({ query, params: [] }))
const modes = { readOnly: false, deferrable: false }

describe('a backend', () => {
  it('runs a single statement without a transaction', async () => {
    const { sessions, log } = recorded()
    await backendOver(sessions).run(batch.slice(0, 1), null, {
      signal: new AbortController().signal,
      receive: () => {},
    })
    expect(log).toEqual(['a'])
  })

  it.each([
    [modes, 'begin'],
    [{ ...modes, readOnly: true }, 'begin read only'],
    [
      { ...modes, isolationLevel: 'RepeatableRead' as const, deferrable: true },
      'begin isolation level repeatable read deferrable',
    ],
  ])('runs a batch with %j as one transaction', async (transaction, begin) => {
    const { sessions, log } = recorded()
    const received: unknown[] = []
    const options = {
      signal: new AbortController().signal,
      receive: (result: unknown) => received.push(result),
    }
    await backendOver(sessions).run(batch, transaction, options)
    expect(log).toEqual([begin, 'a', 'b', 'commit'])
    expect(received).toEqual([RESULT, RESULT])
  })

  it('rolls back at once where a result is not taken', async () => {
    const { sessions, log } = recorded()
    const receive = () => {
      throw new Error('too large')
    }
    const run = backendOver(sessions).run(batch, modes, {
      signal: new AbortController().signal,
      receive,
    })
    await expect(run).rejects.toThrow('too large')
    expect(log).toEqual(['begin', 'a', 'rollback'])
  })

  it('goes no further once the client is gone', async () => {
    const client = new AbortController()
    const { sessions, log } = recorded(() => client.abort())
    const run = backendOver(sessions).run(batch, modes, {
      signal: client.signal,
      receive: () => {},
    })
    await expect(run).rejects.toMatchObject({ name: 'AbortError' })
    expect(log).toEqual(['begin', 'a', 'rollback'])
  })
})
