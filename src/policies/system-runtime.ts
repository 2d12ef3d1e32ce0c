import type { Runtime } from '../replica/runtime.ts'

/** The runtime's own clock, chance and timers. */
export const systemRuntime: Runtime = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: sleep,
}

/** Keeps a process alive, for somebody waits for what comes after: the timer of an `AbortSignal.timeout` does not. */
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
