/** What PostgreSQL makes of our statements. */
import { DURABLE, Postgres } from '../support/postgres.ts'
import { type PartOptions, type PartResult, type Table, versionsOf } from '../support/result.ts'
import { growthPicture, measureGrowth } from './growth.ts'
import { budgetTable, measureThroughput, throughputPicture, throughputTable } from './throughput.ts'
import { measureVolume } from './volume.ts'

export const sections = ['throughput', 'volume', 'growth'] as const

export async function run({ quick, only }: PartOptions): Promise<PartResult> {
  const wanted = (section: (typeof sections)[number]) => (only ?? section) === section
  const tables: Table[] = []
  const pictures: Record<string, string> = {}
  await using postgres = await Postgres.start(DURABLE)
  if (wanted('throughput')) {
    const cells = await measureThroughput(postgres, quick)
    tables.push(...cells.map(throughputTable), budgetTable(cells))
    pictures['database-throughput'] = throughputPicture(cells)
  }
  if (wanted('volume')) tables.push(await measureVolume(postgres, quick))
  if (wanted('growth')) {
    const growth = await measureGrowth(postgres, quick)
    tables.push(growth.table)
    pictures['database-growth'] = growthPicture(growth)
  }
  const versions = { PostgreSQL: await postgres.version(), ...(await versionsOf('pg')) }
  return { versions, tables, pictures }
}
