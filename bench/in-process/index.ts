/** What a breaker costs a call that goes through it: time and memory in process, on three runtimes; requests per second in workerd. */
import { type PartOptions, type PartResult, versionOf } from '../support/result.ts'
import { budgets } from './budgets.ts'
import { measureCalls } from './calls/run.ts'
import { Bundle, runtimeVersion } from './calls/runtimes.ts'
import { callPictures, callTables } from './calls/tables.ts'
import { measureTraffic, trafficPicture, trafficTable } from './workerd/run.ts'

const PACKAGES = ['cockatiel', 'opossum', 'hono', 'workerd'] as const

export async function run({ quick }: PartOptions): Promise<PartResult> {
  const traffic = await measureTraffic(quick)
  const bundle = await Bundle.make()
  const found = await measureCalls(bundle, quick).finally(() => bundle.remove())
  const versions = Object.fromEntries(
    await Promise.all(PACKAGES.map(async (name) => [name, await versionOf(name)])),
  )
  return {
    versions: { ...versions, deno: await runtimeVersion('deno'), bun: await runtimeVersion('bun') },
    tables: [...callTables(found), trafficTable(traffic), budgets(found, traffic)],
    pictures: { ...callPictures(found), workerd: trafficPicture(traffic) },
  }
}
