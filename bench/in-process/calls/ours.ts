import type { Runtime } from '../../../src/breaker/runtime.ts'
import { systemRuntime } from '../../../src/breaker/system-runtime.ts'
import type { CircuitStorage } from '../../../src/fleet/port.ts'
import { CircuitProtectorPolicy, fraction } from '../../../src/index.ts'
import { InMemoryStorage } from '../../../src/storage.ts'
import { type Contender, dependency, type Scene, type Subject } from './scene.ts'

/** A storage that is shared as far as the breaker can tell, and answers at once. */
class SharedStorage extends InMemoryStorage {
  override readonly shared = true as never
}

/** Decides on its view: the default on shared storage. */
export const sharing: Contender = async (scene) => {
  const clock = new PacedClock(scene.pace)
  return { call: await callIn(scene, clock, new SharedStorage({ clock: clock.now })) }
}

/** A breaker that is given no storage: it knows its own calls alone. */
export const alone: Contender = async (scene) => ({
  call: await callIn(scene, new PacedClock(scene.pace)),
})

async function callIn(
  scene: Scene,
  clock: PacedClock,
  storage?: CircuitStorage,
): Promise<Subject['call']> {
  const { limit, form, pace } = scene
  const breaker = new CircuitProtectorPolicy({
    ...(storage && { storage }),
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
