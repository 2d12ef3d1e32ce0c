import { Connections, drive } from '../database/connections.ts'
import { Requests } from '../database/requests.ts'
import { Postgres } from '../support/postgres.ts'
import type { Table } from '../support/result.ts'
import { median } from '../support/turns.ts'

const FORMS = ['function', 'tables alone'] as const
/** Writers at once that keep the row busy, so that none of its time goes by unused. */
const WRITERS = [1, 4, 16]

export interface HotRow {
  /** The most writes a second that the row took: where the function is installed, and where the tables are alone. */
  readonly writesPerSecond: readonly number[]
  readonly table: Table
}

/** What one row of a real PostgreSQL on this machine carries: reports of one outcome each. */
export async function measureHotRow(quick: boolean): Promise<HotRow> {
  await using postgres = await Postgres.start()
  const url = await postgres.ours()
  const requests = new Requests()
  const forMs = quick ? 300 : 2_000
  const found: (readonly [form: (typeof FORMS)[number], writers: number, perSecond: number])[] = []
  for (const form of FORMS) {
    for (const writers of WRITERS) {
      await using connections = await Connections.open(url, writers)
      const write = (writer: number) => requests.report(connections, writer, form, 'hot', 1)
      await drive(writers, forMs / 4, write)
      const rounds: number[] = []
      for (let round = 0; round < (quick ? 1 : 3); round++)
        rounds.push(await drive(writers, forMs, write))
      found.push([form, writers, median(rounds)])
    }
  }
  return {
    writesPerSecond: FORMS.map((form) =>
      Math.max(...found.filter(([of]) => of === form).map(([, , perSecond]) => perSecond)),
    ),
    table: {
      title:
        'What one row carries: exchanges of one outcome each on one key, real PostgreSQL on this machine, TCP on 127.0.0.1, no fsync; median of the rounds',
      columns: ['form', 'writers at once', 'writes/s'],
      rows: found,
    },
  }
}
