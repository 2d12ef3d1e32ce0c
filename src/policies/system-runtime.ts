import { randomShare } from '../replica/chance.ts'
import type { Runtime } from '../replica/runtime.ts'

/** The runtime's own clock, chance and timers. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  random: randomShare,
  after: sleep,
}

/**
 * A timer of the runtime's, and no `AbortSignal.timeout`: somebody waits for what comes after, and on Node and Bun that signal's timer lets
 * the process end before. Only ever made within a call.
 */
function sleep(ms: number, unneeded?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      unneeded?.removeEventListener('abort', abort)
      resolve()
    }
    const abort = () => {
      clearTimeout(timer)
      reject(unneeded?.reason)
    }
    const timer = setTimeout(done, ms)
    unneeded?.addEventListener('abort', abort, { once: true })
  })
}
