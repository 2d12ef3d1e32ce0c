import type { Samples } from '../../support/turns.ts'
import type { InScene, Plan } from './plan.ts'
import type { Bundle, RuntimeName } from './runtimes.ts'
import { SCENES, type SceneName } from './scene.ts'

/** By scene. */
export type Results = ReadonlyMap<SceneName, InScene>

/** By runtime. */
export interface Found {
  readonly times: Readonly<Record<'node' | 'deno' | 'bun', Results>>
  /** Bytes; on Node alone. */
  readonly bytes: Results
}

/** The scenes that other runtimes than Node play, too. */
const EVERYWHERE: readonly SceneName[] = ['closed', 'open', 'failing, of 10', '1 % failing']

const ALL = Object.keys(SCENES) as SceneName[]

/** Measures calls on all runtimes: several processes each, which take turns. */
export async function measureCalls(bundle: Bundle, quick: boolean): Promise<Found> {
  const plan = quick ? { rounds: 1, turnMs: 12 } : { rounds: 3, turnMs: 80 }
  const everywhere = quick ? EVERYWHERE.slice(0, 1) : EVERYWHERE
  const times = { node: new Map(), deno: new Map(), bun: new Map() } satisfies Record<string, Map<SceneName, InScene>>
  for (let pass = 0; pass < (quick ? 1 : 3); pass++) {
    for (const scene of ALL) {
      await play('node', scene, { ...plan, unit: 'ns' }, times.node)
      if (!everywhere.includes(scene)) continue
      await play('deno', scene, { ...plan, unit: 'ns' }, times.deno)
      await play('bun', scene, { ...plan, unit: 'ns' }, times.bun)
    }
  }
  const bytes = new Map<SceneName, InScene>()
  for (const scene of ALL) await play('node, no collection', scene, { ...plan, unit: 'bytes' }, bytes)
  return { times, bytes }

  /** In a process of its own: what the compiler made of one scene must not show in another. */
  async function play(runtime: RuntimeName, scene: SceneName, how: Omit<Plan, 'scene'>, into: Map<SceneName, InScene>) {
    const found = await bundle.run(runtime, { ...how, scene })
    const before = into.get(scene)
    into.set(scene, before ? { ...found, samples: joined(before.samples, found.samples) } : found)
  }
}

function joined(a: Samples, b: Samples): Samples {
  return Object.fromEntries(Object.entries(a).map(([name, values]) => [name, [...values, ...b[name]!]]))
}
