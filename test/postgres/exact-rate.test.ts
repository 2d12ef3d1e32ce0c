import { drizzle } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { expect, inject, it, onTestFinished } from 'vitest'
import { failureRate } from '../../src/core/limits.ts'
import { resolveSettings } from '../../src/core/settings.ts'
import { migrate } from '../../src/postgres/migrate.ts'
import { DrizzleStorage } from '../../src/postgres/storage.ts'
import { plainReport } from '../support/plain-report.ts'
import { createDatabase } from '../support/postgres.ts'

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

it('a failure rate of every per mille is reached by exactly so many failures in SQL', async () => {
  const database = await createDatabase(inject('postgresUrl'), 'exact_rate')
  await migrate(database.url)
  const pool = new pg.Pool({ connectionString: database.url })
  onTestFinished(async () => {
    await pool.end()
    await database.drop()
  })
  const storage = new DrizzleStorage(drizzle({ client: pool }))

  const cases = Array.from({ length: 999 }, (_, i) => i + 1).flatMap((perMille) => {
    const divisor = gcd(perMille, 1_000)
    const [failures, calls] = [perMille / divisor, 1_000 / divisor]
    const one = { rate: Number(`${perMille}e-3`), calls }
    return [
      { ...one, failures, status: 'OPEN' },
      { ...one, failures: failures - 1, status: 'CLOSED' },
    ]
  })
  const wrong: unknown[] = []
  for (let from = 0; from < cases.length; from += 50) {
    const batch = cases.slice(from, from + 50)
    const answers = await storage.exchange(
      batch.map(({ rate, failures, calls }, i) => {
        const settings = resolveSettings({
          failureLimit: failureRate(rate, { over: '1h', minimumThroughput: calls }),
        })
        const outcomes = '0'.repeat(calls - failures) + '1'.repeat(failures)
        return {
          resourceKey: `${from + i}`,
          namespace: 'default',
          report: plainReport(outcomes, from + i, null, settings),
        }
      }),
    )
    wrong.push(...batch.filter(({ status }, i) => answers[i]!.snapshot.status !== status))
  }
  expect(wrong).toEqual([])
})
