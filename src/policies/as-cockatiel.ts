import type { CallContext, Policy } from '../breaker/call.ts'
import { type OnNotice, started, warn } from '../breaker/notice.ts'

/** cockatiel's event: subscribes a listener. */
export type CockatielEvent<T> = (listener: (data: T) => void) => { dispose(): void }

/** What cockatiel's `wrap(...)` takes, without its types: this library does not need it. */
export interface CockatielPolicy<Alt = never> {
  /** There for cockatiel's types alone. */
  readonly _altReturn: Alt
  /** A call returned; how long it took, in milliseconds. */
  readonly onSuccess: CockatielEvent<{ duration: number }>
  /**
   * A call threw, or was rejected. Policies do not tell what they made of an error: `handled` is
   * always true.
   */
  readonly onFailure: CockatielEvent<{
    duration: number
    handled: boolean
    reason: { error: Error }
  }>
  execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T | Alt>
}

/**
 * A policy of this library in the form in which cockatiel composes its own. A listener that fails
 * is reported to `onNotice`, by default on the console, and replaces no result.
 *
 * @example
 * ```ts
 * // The time limit stands inside the breaker: one that stands around it aborts the call, and who
 * // aborts a call has gone away, which says nothing about the dependency.
 * const policy = wrap(asCockatiel(breaker), timeout(2_000, TimeoutStrategy.Cooperative))
 * await policy.execute(({ signal }) => fetch(url, { signal }))
 * ```
 */
export function asCockatiel<Alt = never>(
  policy: Policy<Alt>,
  { onNotice = warn }: { readonly onNotice?: OnNotice | undefined } = {},
): CockatielPolicy<Alt> {
  const success = emitter<{ duration: number }>('onSuccess', onNotice)
  const failure = emitter<{ duration: number; handled: boolean; reason: { error: Error } }>(
    'onFailure',
    onNotice,
  )
  return {
    _altReturn: undefined as Alt,
    onSuccess: success.on,
    onFailure: failure.on,
    async execute(fn, signal) {
      const started = performance.now()
      // cockatiel copies contexts by their own properties, and a getter of ours would be lost.
      const call = policy.execute((context) => fn({ signal: context.signal }), signal)
      const value = await call.catch((error: Error) => {
        failure.emit({ duration: performance.now() - started, handled: true, reason: { error } })
        throw error
      })
      success.emit({ duration: performance.now() - started })
      return value
    },
  }
}

function emitter<T>(
  name: string,
  onNotice: OnNotice,
): { readonly on: CockatielEvent<T>; emit(data: T): void } {
  const listeners = new Set<(data: T) => void>()
  return {
    on(listener) {
      // One entry for each subscription, for the same function may be subscribed twice.
      const entry = (data: T) => listener(data)
      listeners.add(entry)
      return { dispose: () => void listeners.delete(entry) }
    },
    emit(data) {
      for (const listener of listeners) started(onNotice, name, () => listener(data))
    },
  }
}
