import type { Samples } from '../../support/turns.ts'
import { CONTENDERS } from './contenders.ts'
import type { Plan } from './plan.ts'
import type { Programs, Runtime } from './runtimes.ts'
import type { SceneName } from './scene.ts'

/** Of one runtime: what a call took in each scene, by contender. */
export type Results = ReadonlyMap<SceneName, Samples>

/** By the runtimes that were asked for. */
export type ByRuntime = ReadonlyMap<Runtime, Results>

export interface Found {
  readonly times: ByRuntime
  readonly bytes: ByRuntime
}

export interface Wanted {
  readonly runtimes: readonly Runtime[]
  /** Of which Deno and Bun play a few. */
  readonly scenes: readonly SceneName[]
  readonly contenders: readonly string[]
}

/** The scenes that Deno and Bun play, too. */
const EVERYWHERE: readonly SceneName[] = ['closed', 'open', 'failing, of 10', '1 % failing']

/** Measures calls: several processes for each contender in each scene, which take turns. */
export async function measureCalls(
  programs: Programs,
  { runtimes, scenes, contenders }: Wanted,
  quick: boolean,
): Promise<Found> {
  const plan = quick
    ? { warmUpRounds: 1, rounds: 1, turnMs: 12 }
    : { warmUpRounds: 10, rounds: 3, turnMs: 80 }
  const passes = quick ? 1 : 2
  const elsewhere = quick ? EVERYWHERE.slice(0, 1) : EVERYWHERE
  const times = new Map<Runtime, Map<SceneName, Samples>>()
  const bytes = new Map<Runtime, Map<SceneName, Samples>>()
  for (const runtime of runtimes) {
    times.set(runtime, new Map())
    bytes.set(runtime, new Map())
    const here = runtime === 'deno' || runtime === 'bun' ? elsewhere : scenes
    for (const scene of scenes.filter((name) => here.includes(name))) {
      const samples = await play(runtime, scene, { ...plan, unit: 'ns' }, passes)
      times.get(runtime)!.set(scene, samples)
      // What is never collected can fill the machine, and does so where errors are made.
      if (scene !== 'closed') continue
      const count = { ...plan, warmUpRounds: 1, unit: 'bytes' } as const
      bytes.get(runtime)!.set(scene, await play(runtime, scene, count, 1))
    }
  }
  return { times, bytes }

  /**
   * Each contender in a process of its own: what the compiler made of one, or of another scene, must not show. Every other pass goes
   * backwards, so that none always follows the same one.
   */
  async function play(
    runtime: Runtime,
    scene: SceneName,
    how: Omit<Plan, 'scene' | 'contender'>,
    passes: number,
  ): Promise<Samples> {
    const names = Object.keys(CONTENDERS).filter((name) => contenders.includes(name))
    const samples: Record<string, number[]> = {}
    for (let pass = 0; pass < passes; pass++) {
      for (const contender of pass % 2 === 0 ? names : [...names].reverse()) {
        const measured = await programs.run(runtime, { ...how, scene, contender })
        if (measured.length > 0) samples[contender] = [...(samples[contender] ?? []), ...measured]
      }
    }
    // In the order in which they are listed, whichever came first.
    return Object.fromEntries(
      names.flatMap((name) => (name in samples ? [[name, samples[name]!]] : [])),
    )
  }
}
