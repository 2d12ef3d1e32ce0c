import type { Samples } from '../../support/turns.ts'
import { CONTENDERS } from './contenders.ts'
import type { Plan } from './plan.ts'
import type { Bundle, RuntimeName } from './runtimes.ts'
import { SCENES, type SceneName, type Told } from './scene.ts'

/** What was measured in a scene. */
export interface InScene {
  /** Per call, by contender. */
  readonly samples: Samples
  /** What a call of ours told the storage, on average. */
  readonly told: Told
}

/** By scene. */
export type Results = ReadonlyMap<SceneName, InScene>

const RUNTIMES = ['node', 'deno', 'bun'] as const
type Runtime = (typeof RUNTIMES)[number]

export interface Found {
  readonly times: Readonly<Record<Runtime, Results>>
  readonly bytes: Readonly<Record<Runtime, Results>>
}

/** The scenes that other runtimes than Node play, too; bytes are counted there in the first: what is never collected can fill the machine. */
const EVERYWHERE: readonly SceneName[] = ['closed', 'open', 'failing, of 10', '1 % failing']

const ALL = Object.keys(SCENES) as SceneName[]

/** Measures calls on all runtimes: several processes each, which take turns. */
export async function measureCalls(bundle: Bundle, quick: boolean): Promise<Found> {
  const plan = quick
    ? { warmUpRounds: 1, rounds: 1, turnMs: 12 }
    : { warmUpRounds: 10, rounds: 3, turnMs: 80 }
  const everywhere = quick ? EVERYWHERE.slice(0, 1) : EVERYWHERE
  const passes = quick ? 1 : 2
  const times = nothing()
  const bytes = nothing()
  for (const scene of ALL) {
    for (const runtime of everywhere.includes(scene) ? RUNTIMES : (['node'] as const)) {
      for (let pass = 0; pass < passes; pass++)
        await play(runtime, scene, { ...plan, unit: 'ns' }, pass, times[runtime])
      if (runtime !== 'node' && scene !== 'closed') continue
      await play(
        `${runtime}, no collection`,
        scene,
        { ...plan, warmUpRounds: 1, unit: 'bytes' },
        0,
        bytes[runtime],
      )
    }
  }
  return { times, bytes }

  /**
   * Each contender in a process of its own: what the compiler made of one, or of another scene, must not show. Every other pass goes
   * backwards, so that none always follows the same one.
   */
  async function play(
    runtime: RuntimeName,
    scene: SceneName,
    how: Omit<Plan, 'scene' | 'contender'>,
    pass: number,
    into: Map<SceneName, InScene>,
  ) {
    const names = Object.keys(CONTENDERS)
    const samples: Record<string, readonly number[]> = { ...into.get(scene)?.samples }
    let told: Told | undefined
    for (const contender of pass % 2 === 0 ? names : names.reverse()) {
      const measured = await bundle.run(runtime, { ...how, scene, contender })
      if (measured.samples.length > 0)
        samples[contender] = [...(samples[contender] ?? []), ...measured.samples]
      told ??= measured.told
    }
    into.set(scene, { samples, told: told! })
  }
}

function nothing(): Record<Runtime, Map<SceneName, InScene>> {
  return { node: new Map(), deno: new Map(), bun: new Map() }
}
