/** What an isolate's view needs of the world around it. Tests and the simulator bring their own. */
export interface Runtime {
  /** Milliseconds since 1970. May stand still between I/O, and may step back. */
  now(): number
  /** From 0 up to 1: spreads load over time. */
  random(): number
  /**
   * A random 32-bit integer that goes into the name of a report. Default: the platform's `crypto`,
   * whatever `random` gives. For simulations that have to be the same each time.
   */
  word?(): number
  /**
   * Resolves after so many milliseconds. Only ever called within a request: some runtimes forbid
   * timers elsewhere. Nobody waits any more once `unneeded` aborts: it may reject then, or stay as
   * it is. Must keep a process alive until then.
   */
  after(ms: number, unneeded?: AbortSignal): Promise<void>
  /**
   * Milliseconds from any instant on, by a clock that never steps back: it measures how long a call
   * takes. Default: {@link now}.
   */
  monotonic?(): number
}

/** From one instant to another on the isolate's clock. */
export interface Span {
  readonly from: number
  readonly until: number
}

export const NEVER: Span = Object.freeze({ from: 0, until: 0 })

/** Is it going on? A clock that stepped back behind its beginning ends it. */
export function isWithin({ from, until }: Span, now: number): boolean {
  return now >= from && now < until
}

/** The promise's value, or undefined where `ms` went by first. The promise goes on. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  runtime: Runtime,
): Promise<T | undefined> {
  const decided = new AbortController()
  const late = runtime.after(ms, decided.signal).then(() => undefined)
  return Promise.race([promise, late]).finally(() => decided.abort())
}

/**
 * The promise's value; or a rejection with the signal's reason, as soon as that aborts. The promise
 * goes on.
 */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    const done = () => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    promise.then(resolve, reject).then(done)
  })
}
