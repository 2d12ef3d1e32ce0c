import type { Scene } from './scene.ts'

/** How many calls are made before the event loop comes round once: in between, timers and I/O of contenders have to wait. */
export const LAP = 250

/** Makes one lap of calls, each after the other has ended. @returns how many threw */
export async function lap(call: () => Promise<unknown>, calls: number = LAP): Promise<number> {
  let thrown = 0
  for (let i = 0; i < calls; i++) {
    try {
      await call()
    } catch {
      thrown++
    }
  }
  await new Promise<void>((resolve) => setImmediate(resolve))
  return thrown
}

/** Is a contender still in the scene that it was put in? One that tripped is faster than it should be. */
export async function check(
  name: string,
  call: () => Promise<unknown>,
  { form, failing }: Scene,
): Promise<void> {
  const expected = form === 'open' ? LAP : (LAP * failing.calls) / failing.of
  const thrown = await lap(call)
  if (Math.abs(thrown - expected) >= 1)
    throw new Error(`${name}: ${thrown} of ${LAP} calls threw, not ${expected}`)
}
