import pg from 'pg'
import { fraction } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { nodePostgresStorage } from '../../src/postgres/node-postgres.ts'
import { plainReport } from '../../test/support/plain-report.ts'
import type { Table } from '../support/result.ts'
import { compare, type Samples, takeTurns } from '../support/turns.ts'

/** Seconds of one statement. */
export interface StatementTimes {
  readonly read: number
  readonly report: number
}

const TRIVIAL = 'select 1'
const READ = 'read of one breaker'
const REPORT = 'report of ten outcomes, one a failure'

const id = { resourceKey: 'statement-time', namespace: 'default' }
const settings = resolveSettings({ failureLimit: fraction(5, 10) })

/**
 * How long a statement takes on one connection over loopback, as its client sees it: more than the database is busy with it, by what
 * `select 1` shows. The server runs without fsync, for which a report would not wait anyway.
 */
export async function statementTimes(
  databaseUrl: string,
  quick: boolean,
): Promise<{ times: StatementTimes; table: Table }> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 })
  const storage = nodePostgresStorage(pool)
  let reports = 0
  const report = () => {
    const since = reports === 0 ? null : reports
    return storage.exchange([{ ...id, report: plainReport(REPORTED, ++reports, since, settings) }])
  }
  const statements = {
    [TRIVIAL]: () => pool.query({ text: `${TRIVIAL} where $1::int = 1`, values: [1] }),
    [READ]: () => storage.exchange([id]),
    [REPORT]: report,
  }
  const contenders = Object.entries(statements).map(
    ([name, statement]) => [name, () => micros(statement, quick ? 50 : 500)] as const,
  )
  try {
    // A first round fills the caches of both ends.
    await takeTurns(Object.fromEntries(contenders), 1)
    const samples = await takeTurns(Object.fromEntries(contenders), quick ? 1 : 9)
    return tableOf(samples)
  } finally {
    await pool.end()
  }
}

const REPORTED = '0000000001'

async function micros(statement: () => Promise<unknown>, count: number): Promise<number> {
  const started = performance.now()
  for (let i = 0; i < count; i++) await statement()
  return (1_000 * (performance.now() - started)) / count
}

function tableOf(samples: Samples): { times: StatementTimes; table: Table } {
  const standings = compare(samples, TRIVIAL)
  const seconds = (statement: string) =>
    standings.find(({ name }) => name === statement)!.median / 1e6
  return {
    times: { read: seconds(READ), report: seconds(REPORT) },
    table: {
      title:
        'Microseconds of one statement, one after the other on one connection over loopback, its client included; median of the rounds',
      columns: ['statement', 'µs', `times ${TRIVIAL}`, 'low', 'high'],
      rows: standings.map(({ name, median, ratio }) => [
        name,
        median,
        ratio.median,
        ratio.low,
        ratio.high,
      ]),
      samples,
    },
  }
}
