import type { Runtime } from '../../../src/breaker/runtime.ts'
import { systemRuntime } from '../../../src/breaker/system-runtime.ts'
import type { ExchangeRequest } from '../../../src/fleet/port.ts'
import {
  type CircuitProtectorOptions,
  CircuitProtectorPolicy,
  fraction,
  InMemoryStorage,
} from '../../../src/index.ts'
import { type Contender, dependency, type Scene, type Subject } from './scene.ts'

/** A storage that is shared as far as the breaker can tell, and answers at once. */
class SharedStorage extends InMemoryStorage {
  override readonly shared = true as never
  reports = 0

  override exchange(requests: readonly ExchangeRequest[]): ReturnType<InMemoryStorage['exchange']> {
    for (const { report } of requests) if (report !== undefined) this.reports++
    return super.exchange(requests)
  }
}

/** Decides on its view: the default on shared storage. */
export const boundedStaleness: Contender = async (scene) => {
  const clock = new PacedClock(scene.pace)
  const storage = new SharedStorage({ clock: clock.now })
  let dropped = 0
  const onDropped: CircuitProtectorOptions['onDropped'] = (_, { outcomes }) => {
    dropped += outcomes
  }
  const call = await callIn(scene, clock, { storage, onDropped })
  return { call, told: () => ({ reports: storage.reports, dropped }) }
}

/** Asks the storage at each call, and reports each outcome: the default in memory. */
export const strong: Contender = async (scene) => {
  const clock = new PacedClock(scene.pace)
  return {
    call: await callIn(scene, clock, { storage: new InMemoryStorage({ clock: clock.now }) }),
  }
}

async function callIn(
  scene: Scene,
  clock: PacedClock,
  options: CircuitProtectorOptions,
): Promise<Subject['call']> {
  const { limit, form, pace } = scene
  const breaker = new CircuitProtectorPolicy({
    ...options,
    resourceKey: 'bench',
    failureLimit: fraction(limit.failures, limit.outOf),
    cooldown: '24h',
    ...(pace > 0 && { runtime: clock }),
  })
  await breaker.refresh()
  const run = dependency(scene)
  switch (form) {
    case 'open':
      await breaker.open()
      return () => breaker.execute(run)
    case 'wrap':
      return breaker.wrap(run)
    case 'two-step':
      return async () => (await breaker.acquire()).success()
    case 'execute':
      if (pace === 0) return () => breaker.execute(run)
      return () => {
        clock.tick()
        return breaker.execute(run)
      }
  }
}

/** Lets calls that are made one right after the other look as if they came at a steady rate. */
class PacedClock implements Runtime {
  readonly random = systemRuntime.random
  readonly after = systemRuntime.after
  readonly now: () => number
  readonly #pace: number
  #ahead = 0

  constructor(pace: number) {
    this.#pace = pace
    this.now = () => Date.now() + this.#ahead
  }

  tick(): void {
    this.#ahead += this.#pace
  }
}
