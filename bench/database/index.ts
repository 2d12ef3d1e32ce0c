/** What PostgreSQL makes of our statements. `BENCH_DATABASE=throughput,volume,growth` chooses among the three; all by default. */
import type { PartOptions, PartResult, Table } from '../support/result.ts'
import { versionOf } from '../support/result.ts'
import { budgetTable } from './budgets.ts'
import { measureGrowth } from './growth.ts'
import { growthPicture, throughputPictures } from './pictures.ts'
import { onServer, startDurable } from './server.ts'
import { measureThroughput, throughputTable } from './throughput.ts'
import { measureVolume } from './volume.ts'

export async function run({ quick }: PartOptions): Promise<PartResult> {
  const chosen = process.env['BENCH_DATABASE']?.split(',') ?? ['throughput', 'volume', 'growth']
  const tables: Table[] = []
  const pictures: Record<string, string> = {}
  const server = await startDurable()
  try {
    const [settings] = await onServer<{ version: string; fsync: string }>(
      server.url,
      "select current_setting('server_version') as version, current_setting('fsync') as fsync",
    )
    if (chosen.includes('throughput')) {
      const cells = await measureThroughput(server.url, quick)
      tables.push(...cells.map(throughputTable), budgetTable(cells))
      Object.assign(pictures, throughputPictures(cells))
    }
    if (chosen.includes('volume')) tables.push(await measureVolume(server.url, quick))
    if (chosen.includes('growth')) {
      const growth = await measureGrowth(server.url, quick)
      tables.push(growth.table)
      pictures['database-growth'] = growthPicture(growth)
    }
    const versions = {
      PostgreSQL: `${settings!.version}, fsync ${settings!.fsync}`,
      pg: await versionOf('pg'),
    }
    return { versions, tables, pictures }
  } finally {
    await server.stop()
  }
}
