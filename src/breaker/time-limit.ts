import type { Runtime } from './runtime.ts'

/** How long a function may take, and what ends it sooner. */
export interface TimeLimit {
  readonly ms: number
  /** The caller's signal: where it aborts, the function is given up with its reason. */
  readonly caller: AbortSignal | undefined
  readonly runtime: Pick<Runtime, 'after'>
  /** What the function's signal aborts with when the time is over, and the promise rejects with. */
  readonly error: () => Error
  /** A signal of the caller's cannot be listened to. */
  readonly onBadSignal: (error: unknown) => void
}

/**
 * Runs `fn` until it settles, the time is over, or the caller aborts, whether or not `fn` heeds its
 * signal. Afterwards the timer is ended and the caller's signal has lost its listener. A streamed
 * body that `fn` answers with is not cut off by the limit, and still follows the caller's signal.
 */
export async function withTimeLimit<T>(
  fn: (signal: AbortSignal) => PromiseLike<T> | T,
  { ms, caller, runtime, error, onBadSignal }: TimeLimit,
): Promise<T> {
  const own = new AbortController()
  const unneeded = new AbortController()
  let isRunning = true
  let abort = () => {}
  const over = new Promise<never>((_, reject) => {
    const end = (reason: unknown) => {
      // First, for a function that heeds its signal may throw something of its own.
      reject(reason)
      own.abort(reason)
    }
    abort = () => (isRunning ? end(caller?.reason) : own.abort(caller?.reason))
    runtime.after(ms, unneeded.signal).then(
      () => isRunning && end(error()),
      () => {},
    )
  })
  // Where nobody waits for it any more, or `fn` throws at once.
  over.catch(() => {})
  let body: object | undefined
  try {
    if (caller?.aborted) abort()
    else caller?.addEventListener('abort', abort)
  } catch (bad) {
    onBadSignal(bad)
  }
  try {
    const value = await Promise.race([fn(own.signal), over])
    body = caller && bodyOf(value)
    return value
  } finally {
    isRunning = false
    unneeded.abort()
    if (caller !== undefined) {
      if (body === undefined) caller.removeEventListener?.('abort', abort)
      else unlistenLater(body, caller, abort)
    }
  }
}

/** A body that may still be arriving: of a `Response`, or of what looks like one. */
function bodyOf(value: unknown): object | undefined {
  if (typeof value !== 'object' || value === null || !('headers' in value && 'body' in value))
    return undefined
  return typeof value.body === 'object' && value.body !== null ? value.body : undefined
}

/**
 * Takes the listener away once the body is gone. A runtime that cannot tell keeps it for as long as
 * the caller's signal lives.
 */
function unlistenLater(body: object, caller: AbortSignal, listener: () => void): void {
  if (typeof FinalizationRegistry === 'undefined') return
  registry ??= new FinalizationRegistry((unlisten) => unlisten())
  const weakly = new WeakRef(caller)
  registry.register(body, () => weakly.deref()?.removeEventListener('abort', listener))
}

let registry: FinalizationRegistry<() => void> | undefined
