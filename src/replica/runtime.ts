/** What an isolate's view needs of the world around it. Tests and the simulator bring their own. */
export interface Runtime {
  /** Milliseconds since 1970. May stand still between I/O, and may step back. */
  now(): number
  /** From 0 up to 1. */
  random(): number
  /** Resolves after so many milliseconds. Only ever called within a request: some runtimes forbid timers elsewhere. */
  after(ms: number): Promise<void>
}

export const systemRuntime: Runtime = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms) =>
    new Promise((resolve) => {
      AbortSignal.timeout(ms).addEventListener('abort', () => resolve(), { once: true })
    }),
}

/** The promise's value, or undefined where `ms` went by first. The promise goes on. */
export async function within<T>(promise: Promise<T>, ms: number, runtime: Runtime): Promise<T | undefined> {
  return Promise.race([promise, runtime.after(ms).then(() => undefined)])
}
