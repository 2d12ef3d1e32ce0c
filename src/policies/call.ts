/** What a protected function is handed. */
export interface CallContext {
  /** Aborts when the caller's signal does, or the breaker's `timeout` is over. Made when it is first asked for. */
  readonly signal: AbortSignal
}

/** Options of one call. */
export interface CallOptions {
  /** The caller's: an abort is no failure. */
  readonly signal?: AbortSignal
  /** Keeps work going that the call leaves behind, such as `ctx.waitUntil` of a Worker. */
  readonly waitUntil?: (work: Promise<unknown>) => void
}

/** A signal alone stands for options with that signal: cockatiel's form. */
export function callOptions(signalOrOptions: AbortSignal | CallOptions | undefined): CallOptions {
  if (signalOrOptions === undefined) return NONE
  return 'aborted' in signalOrOptions ? { signal: signalOrOptions } : signalOrOptions
}

const NONE: CallOptions = {}

/** Most functions never look at their signal: it is not made before one does. */
export class LazyContext implements CallContext {
  #signal: AbortSignal | undefined

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal
    return this.#signal
  }
}

/** Something that runs a function under a rule: what {@link SafetyNet} composes. cockatiel's policies have this shape, too. */
export interface Policy {
  execute<T>(fn: (context: CallContext) => PromiseLike<T> | T, signalOrOptions?: AbortSignal): Promise<T>
}
