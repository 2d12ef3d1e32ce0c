import {
  type CallContext,
  type CallOptions,
  type CallPolicy,
  callOptions,
  checkFunction,
  LazyContext,
  wrapWith,
} from '../breaker/call.ts'
import { isGivenUp } from '../breaker/classify.ts'
import { attempt, type OnNotice, started, warn } from '../breaker/notice.ts'
import { checkFunctions, checkKnown, type Names } from '../core/checks.ts'
import { InvalidOptionError } from '../core/errors.ts'

/** Options of {@link FallbackPolicy}. */
export interface FallbackOptions<Alt> {
  /**
   * What is answered in the place of an error: a value, or a function that answers one, or a
   * promise of one. What the function throws is thrown in the place of the error.
   */
  readonly fallback: Alt | ((error: unknown, context: CallContext) => Alt | PromiseLike<Alt>)
  /**
   * Which errors have an answer; any other is thrown as it is. Default: all, rejections included.
   */
  readonly shouldHandle?: ((error: unknown) => boolean) | undefined
  /** The fallback will answer. It may return a promise, which is not waited for. */
  readonly onFallback?: ((error: unknown) => unknown) | undefined
  /**
   * Something a developer should know, such as a hook that failed. Default: a warning on the
   * console.
   */
  readonly onNotice?: OnNotice | undefined
}

const OPTIONS: Names<FallbackOptions<unknown>> = {
  fallback: 1,
  shouldHandle: 1,
  onFallback: 1,
  onNotice: 1,
}

/**
 * Answers something else in the place of an error: what a cache holds, or less than was asked for.
 * A caller that went away gets no answer: the fallback is not asked then.
 *
 * @example
 * ```ts
 * const fallback = new FallbackPolicy({
 *   fallback: () => cache.match(request),
 *   shouldHandle: (error) => error instanceof ProtectedCallError,
 * })
 * const net = new SafetyNet({ policies: [fallback, breaker] })
 * ```
 */
export class FallbackPolicy<Alt> implements CallPolicy<Alt> {
  declare readonly _altReturn?: Alt
  readonly acceptsCallOptions: true = true
  readonly #answer: (error: unknown, context: CallContext) => Alt | PromiseLike<Alt>
  readonly #shouldHandle: (error: unknown) => boolean
  readonly #onFallback: ((error: unknown) => unknown) | undefined
  readonly #onNotice: OnNotice

  /** @throws {InvalidOptionError} naming the option, its range and the value */
  constructor(options: FallbackOptions<Alt>) {
    checkKnown(options, OPTIONS)
    if (!Object.hasOwn(options, 'fallback'))
      throw new InvalidOptionError('fallback', 'a value or a function', undefined)
    checkFunctions(options, ['shouldHandle', 'onFallback', 'onNotice'])
    const { fallback } = options
    this.#answer =
      typeof fallback === 'function'
        ? (fallback as (error: unknown, context: CallContext) => Alt | PromiseLike<Alt>)
        : () => fallback
    this.#shouldHandle = options.shouldHandle ?? (() => true)
    this.#onFallback = options.onFallback
    this.#onNotice = options.onNotice ?? warn
  }

  /**
   * Calls `fn`, and answers what the fallback answers where it fails.
   * @throws what `fn` throws where `shouldHandle` says no or the caller went away
   * @throws what the fallback throws
   */
  async execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions?: AbortSignal | CallOptions,
  ): Promise<T | Alt> {
    checkFunction(fn)
    const { signal } = callOptions(signalOrOptions)
    signal?.throwIfAborted()
    try {
      return await fn(new LazyContext(signal))
    } catch (error) {
      // A time limit of the caller's that ran out is no such thing: there an answer is waited for.
      if (isGivenUp(signal)) throw error
      if (!attempt(this.#onNotice, 'shouldHandle', () => this.#shouldHandle(error))) throw error
      started(this.#onNotice, 'onFallback', () => this.#onFallback?.(error))
      return await this.#answer(error, new LazyContext(signal))
    }
  }

  /** The same function with a fallback: keeps its arguments, `this` and name. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => PromiseLike<R> | R,
  ): (this: This, ...args: Args) => Promise<R | Alt> {
    return wrapWith(this, fn)
  }
}
