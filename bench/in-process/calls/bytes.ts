import { memoryUsage } from 'node:process'
import { LAP, lap } from './loop.ts'

/** What is counted in one go, if possible: well within the young generation that the runtime was started with. */
const MOST_BYTES = 150e6
/** At first; fewer where they do not fit into the young generation. */
const MOST_CALLS = 100 * LAP
const FEWEST_CALLS = 10

/** Bytes that one call allocates; on V8 it needs `--expose-gc` and a large young generation, on JavaScriptCore no collector at all. */
export async function bytesPerCall(
  call: () => Promise<unknown>,
  warmUpMs: number,
): Promise<number> {
  // Optimised code allocates less than what it replaces.
  const until = performance.now() + warmUpMs
  while (performance.now() < until) await lap(call)
  const onTrial = (await allocated(call, LAP)) ?? 0
  for (
    let calls = onTrial * MOST_CALLS < MOST_BYTES ? MOST_CALLS : LAP;
    calls >= FEWEST_CALLS;
    calls = Math.ceil(calls / 2)
  ) {
    const bytes = await allocated(call, calls)
    if (bytes !== undefined) return bytes
  }
  throw new Error('the young generation is too small')
}

/** Undefined where there was a collection in between: the heap shrank. */
async function allocated(call: () => Promise<unknown>, calls: number): Promise<number | undefined> {
  globalThis.gc?.()
  await new Promise((resolve) => setImmediate(resolve))
  const before = memoryUsage().heapUsed
  let last = before
  for (let left = calls; left > 0; left -= LAP) {
    await lap(call, Math.min(left, LAP))
    const now = memoryUsage().heapUsed
    if (now < last) return undefined
    last = now
  }
  return (last - before) / calls
}
