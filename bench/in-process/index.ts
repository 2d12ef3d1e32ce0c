/** What a breaker costs a call that goes through it: time and memory in process, on several runtimes; requests per second in workerd. */
import { type PartOptions, type PartResult, versionsOf } from '../support/result.ts'
import { budgets } from './budgets.ts'
import { ALONE, BASELINE, CONTENDERS, EXECUTE_OF, OURS } from './calls/contenders.ts'
import { measureCalls, type Wanted } from './calls/run.ts'
import { Programs, RUNTIMES } from './calls/runtimes.ts'
import { SCENE_NAMES } from './calls/scene.ts'
import { callPictures, callTables } from './calls/tables.ts'
import { measureTraffic, trafficPicture, trafficTable } from './workerd/run.ts'

const EVERYONE = Object.keys(CONTENDERS)

/** What `--only` takes, beside what is measured in workerd. */
const CALLS: Readonly<Record<string, Wanted>> = {
  alone: {
    runtimes: ['node'],
    scenes: ['closed', '1 % failing', 'failing, of 10', 'open', 'two-step'],
    contenders: [BASELINE, ALONE, EXECUTE_OF[ALONE]],
  },
  shared: {
    runtimes: ['node'],
    scenes: SCENE_NAMES,
    contenders: [BASELINE, OURS, EXECUTE_OF[OURS]],
  },
  'current-node': { runtimes: ['current node'], scenes: SCENE_NAMES, contenders: EVERYONE },
  bun: { runtimes: ['bun'], scenes: SCENE_NAMES, contenders: EVERYONE },
}
const ALL_CALLS: Wanted = { runtimes: RUNTIMES, scenes: SCENE_NAMES, contenders: EVERYONE }

export const sections = [...Object.keys(CALLS), 'workerd']

export async function run({ quick, only }: PartOptions): Promise<PartResult> {
  const traffic = (only ?? 'workerd') === 'workerd' ? await measureTraffic(quick) : undefined
  const wanted = only === undefined ? ALL_CALLS : CALLS[only]
  const found = wanted && (await measured(wanted, quick))
  return {
    versions: { ...(await versionsOf('hono', 'workerd')), ...found?.versions },
    tables: [
      ...(found ? callTables(found) : []),
      ...(traffic ? [trafficTable(traffic)] : []),
      budgets(found, traffic),
    ],
    pictures: {
      ...(found && only === undefined && callPictures(found)),
      ...(traffic && { workerd: trafficPicture(traffic) }),
    },
  }
}

async function measured(wanted: Wanted, quick: boolean) {
  const programs = await Programs.make(wanted.runtimes)
  try {
    return { ...(await measureCalls(programs, wanted, quick)), versions: programs.versions }
  } finally {
    await programs.remove()
  }
}
