import {
  type CallContext,
  type CallOptions,
  type CallPolicy,
  callOptions,
  checkFunction,
  LazyContext,
  wrapWith,
} from '../breaker/call.ts'
import { CallTimeoutError } from '../breaker/classify.ts'
import { hookFailed, type OnNotice, warn } from '../breaker/notice.ts'
import type { Runtime } from '../breaker/runtime.ts'
import { resolveRuntime } from '../breaker/system-runtime.ts'
import { withTimeLimit } from '../breaker/time-limit.ts'
import { checkFunctions, checkKnown, type Names } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { DAY_MS } from '../core/settings.ts'

/** Options of {@link TimeoutPolicy}. */
export interface TimeoutOptions {
  /** How long a call may take, 1 ms to 24 h. */
  readonly timeout: Duration
  /**
   * Something a developer should know, such as a signal that cannot be listened to. Default: a
   * warning on the console.
   */
  readonly onNotice?: OnNotice | undefined
  /** For tests and simulations. Default: the system's. */
  readonly runtime?: Runtime | undefined
}

const OPTIONS: Names<TimeoutOptions> = { timeout: 1, onNotice: 1, runtime: 1 }

/**
 * Gives a call up that takes too long, whether its function heeds its signal or not. To a breaker
 * that stands within it or around it, that is a failure. The body of a `Response` may take longer.
 *
 * @example
 * ```ts
 * const policy = new TimeoutPolicy({ timeout: '2s' })
 * const response = await policy.execute(({ signal }) => fetch(url, { signal }))
 * ```
 */
export class TimeoutPolicy implements CallPolicy {
  readonly acceptsCallOptions: true = true
  readonly #ms: number
  readonly #onNotice: OnNotice
  readonly #runtime: Required<Runtime>

  /** @throws {InvalidOptionError} naming the option, its range and the value */
  constructor(options: TimeoutOptions) {
    checkKnown(options ?? {}, OPTIONS)
    checkFunctions(options ?? {}, ['onNotice'])
    this.#ms = toMilliseconds('timeout', options?.timeout, { min: 1, max: DAY_MS })
    this.#onNotice = options.onNotice ?? warn
    this.#runtime = resolveRuntime(options.runtime, this.#onNotice)
  }

  /**
   * Calls `fn`, whose signal aborts when the time is over or the caller's aborts.
   * @throws {CallTimeoutError} where `fn` takes longer than `timeout`
   * @throws what `fn` throws; the reason of the caller's signal where that aborts first
   */
  async execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions?: AbortSignal | CallOptions,
  ): Promise<T> {
    checkFunction(fn)
    const { signal: caller } = callOptions(signalOrOptions)
    caller?.throwIfAborted()
    return withTimeLimit((signal) => fn(new LazyContext(signal)), {
      ms: this.#ms,
      caller,
      runtime: this.#runtime,
      error: () => new CallTimeoutError(undefined, this.#ms),
      onBadSignal: (error) => hookFailed(this.#onNotice, 'signal', error),
    })
  }

  /** The same function with a time limit: keeps its arguments, `this`, name and types. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => PromiseLike<R> | R,
  ): (this: This, ...args: Args) => Promise<R> {
    return wrapWith(this, fn)
  }
}
