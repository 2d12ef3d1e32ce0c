/** What a breaker costs a call that goes through it: time and memory in process, on several runtimes; requests per second in workerd. */
import { type PartOptions, type PartResult, versionOf } from '../support/result.ts'
import { budgets } from './budgets.ts'
import { ALONE, BASELINE, CONTENDERS, EXECUTE_OF, OURS } from './calls/contenders.ts'
import { measureCalls, RUNTIMES, type Wanted } from './calls/run.ts'
import { Bundle, runtimeVersion } from './calls/runtimes.ts'
import { SCENE_NAMES } from './calls/scene.ts'
import { callPictures, callTables } from './calls/tables.ts'
import { measureTraffic, trafficPicture, trafficTable } from './workerd/run.ts'

/** What `--only` takes: one kind of breaker against cockatiel's on the machine's Node, or what is measured in workerd. */
export const sections = ['alone', 'shared', 'workerd'] as const
type Section = (typeof sections)[number]

const PACKAGES = ['cockatiel', 'opossum', 'hono', 'workerd'] as const

export async function run({ quick, only }: PartOptions<Section>): Promise<PartResult> {
  const traffic = only === undefined || only === 'workerd' ? await measureTraffic(quick) : undefined
  const wanted = wantedOf(only)
  const found = { times: new Map(), bytes: new Map(), ...(wanted && (await calls(wanted, quick))) }
  const versions = Object.fromEntries(
    await Promise.all(PACKAGES.map(async (name) => [name, await versionOf(name)])),
  )
  return {
    versions: { ...versions, deno: await runtimeVersion('deno'), bun: await runtimeVersion('bun') },
    tables: [
      ...(wanted ? callTables(found) : []),
      ...(traffic ? [trafficTable(traffic)] : []),
      budgets(found, traffic),
    ],
    pictures: {
      ...(only === undefined && callPictures(found)),
      ...(traffic && { workerd: trafficPicture(traffic) }),
    },
  }
}

function wantedOf(only: Section | undefined): Omit<Wanted, 'quick'> | undefined {
  switch (only) {
    case undefined:
      return { runtimes: RUNTIMES, scenes: SCENE_NAMES, contenders: Object.keys(CONTENDERS) }
    case 'alone':
      return {
        runtimes: ['node'],
        scenes: ['closed', '1 % failing', 'failing, of 10', 'open', 'two-step'],
        contenders: [BASELINE, ALONE, EXECUTE_OF[ALONE]],
      }
    case 'shared':
      return {
        runtimes: ['node'],
        scenes: SCENE_NAMES,
        contenders: [BASELINE, OURS, EXECUTE_OF[OURS]],
      }
    case 'workerd':
      return undefined
  }
}

async function calls(wanted: Omit<Wanted, 'quick'>, quick: boolean) {
  const bundle = await Bundle.make()
  return measureCalls(bundle, { ...wanted, quick }).finally(() => bundle.remove())
}
