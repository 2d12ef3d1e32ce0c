import { Connections, drive } from '../database/connections.ts'
import { Requests } from '../database/requests.ts'
import { Postgres } from '../support/postgres.ts'
import type { Table } from '../support/result.ts'
import { ratioText } from '../support/table.ts'
import { compare, takeTurns } from '../support/turns.ts'

/** Seconds of one statement. */
export interface StatementTimes {
  readonly read: number
  readonly report: number
}

const TRIVIAL = 'select 1'
const READ = 'read of one breaker'
const REPORT = 'report of ten outcomes, one a failure'
const KEY = 'statement-time'

/**
 * How long a statement takes on one connection over loopback, as its client sees it: more than the database is busy with it, by what
 * `select 1` shows. The server runs without fsync, for which a report would not wait anyway.
 */
export async function statementTimes(
  quick: boolean,
): Promise<{ readonly times: StatementTimes; readonly table: Table }> {
  await using postgres = await Postgres.start()
  await using connections = await Connections.open(await postgres.ours(), 1)
  const requests = new Requests()
  const report = () => requests.report(connections, 0, 'function', KEY, 10)
  const statements = {
    [TRIVIAL]: async () => void (await connections.query(0, `${TRIVIAL} where $1::int = 1`, ['1'])),
    [READ]: () => requests.acquire(connections, 0, 'function', KEY),
    [REPORT]: report,
  }
  // What is read must be there.
  await report()
  const turns = Object.fromEntries(
    Object.entries(statements).map(([name, statement]) => [
      name,
      async () => 1e6 / (await drive(1, quick ? 50 : 300, statement)),
    ]),
  )
  // A first round fills the caches of both ends.
  await takeTurns(turns, 1)
  const samples = await takeTurns(turns, quick ? 1 : 9)
  const standings = compare(samples, TRIVIAL)
  const seconds = (statement: string) =>
    standings.find(({ name }) => name === statement)!.median / 1e6
  return {
    times: { read: seconds(READ), report: seconds(REPORT) },
    table: {
      title:
        'Microseconds of one statement, one after the other on one connection over loopback, its client included; median of the rounds',
      columns: ['statement', 'µs', `x ${TRIVIAL}`],
      rows: standings.map(({ name, median, ratio }) => [name, median, ratioText(ratio)]),
      samples,
    },
  }
}
