import { checkKnown, type Names } from '../core/checks.ts'
import { shown } from '../core/errors.ts'
import type { CallResult, Classification } from './classify.ts'
import type { Frame } from './nesting.ts'

/** What a protected function is handed. */
export interface CallContext {
  /**
   * Aborts when the caller's signal does, or the breaker's `timeout` is over: then with the
   * `CallTimeoutError` as its reason. Made when it is first asked for.
   */
  readonly signal: AbortSignal
}

/** Options of one call. */
export interface CallOptions {
  /**
   * The caller's. An abort is no failure, unless its reason is a `TimeoutError`, as that of
   * `AbortSignal.timeout` is: there the dependency was too slow.
   */
  readonly signal?: AbortSignal | undefined
  /**
   * Keeps work going that the call leaves behind, such as `(work) => ctx.waitUntil(work)` in a
   * Worker. Where it throws, the call goes on, and `onNotice` is told once.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined
  /**
   * What this call's result means, in place of the breaker's own `classify`; undefined leaves it to
   * `shouldHandle`.
   */
  readonly classify?: ((result: CallResult) => Classification | undefined) | undefined
  /**
   * The call that this one is part of: the context that its function was handed. A breaker that is
   * met again within its own call lets the inner call through, and counts the outer one alone. Only
   * needed where the inner call begins after the outer function's first `await`. Default: none.
   */
  readonly within?: CallContext | undefined
}

/**
 * A signal alone stands for options with that signal: cockatiel's form.
 * @throws {InvalidOptionError} where a plain object has an option that does not exist
 */
export function callOptions(signalOrOptions: AbortSignal | CallOptions | undefined): CallOptions {
  if (signalOrOptions === undefined) return NO_CALL
  if ('aborted' in signalOrOptions) return { signal: signalOrOptions }
  checkCallOptions(signalOrOptions, CALL_OPTIONS)
  return signalOrOptions
}

/**
 * An object of a class, such as a Worker's `ctx`, may have more members than those that are asked
 * for.
 */
export function checkCallOptions(options: object, known: object): void {
  if (Object.getPrototypeOf(options) !== Object.prototype) return
  for (const option in options) if (!(option in known)) return checkKnown(options, known)
}

export const CALL_OPTIONS: Names<CallOptions> = { signal: 1, waitUntil: 1, classify: 1, within: 1 }

/**
 * Refuses what cannot be called, and generator functions: they return before they have done
 * anything, so that each would be a success.
 * @throws {TypeError}
 */
export function checkFunction(fn: unknown): void {
  if (typeof fn !== 'function') throw new TypeError(`a policy runs a function; got ${shown(fn)}`)
  const tag = (fn as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
  if (tag === 'AsyncGeneratorFunction' || tag === 'GeneratorFunction')
    throw new TypeError(
      'a policy cannot run a generator function, which returns before it has begun; take a permit with acquire(), and settle it where the stream ends',
    )
}

export const NO_CALL: CallOptions = {}

/** Most functions never look at their signal: it is not made before one does. */
export class LazyContext implements CallContext {
  #signal: AbortSignal | undefined
  readonly #frame: Frame | undefined

  constructor(signal: AbortSignal | undefined, frame?: Frame) {
    this.#signal = signal
    this.#frame = frame
  }

  get signal(): AbortSignal {
    this.#signal ??= new AbortController().signal
    return this.#signal
  }

  /** The signal where there is one: where there is none yet, nothing can abort. */
  static signalOf(context: CallContext | undefined): AbortSignal | undefined {
    return context instanceof LazyContext ? context.#signal : context?.signal
  }

  /** The breakers whose call this context is of. */
  static frameOf(context: CallContext): Frame | undefined {
    return context instanceof LazyContext ? context.#frame : undefined
  }

  /** Does it tell neither of a signal nor of a breaker? */
  static saysNothing(context: CallContext | undefined): boolean {
    return (
      LazyContext.signalOf(context) === undefined &&
      (context === undefined || LazyContext.frameOf(context) === undefined)
    )
  }
}

/**
 * Something that runs a function under a rule: what {@link SafetyNet} composes. cockatiel's
 * policies have this shape, too. `Alt` is what it may answer with instead of what the function
 * returns, as a fallback does.
 */
export interface Policy<Alt = never> {
  /** There for types alone, as in cockatiel. */
  readonly _altReturn?: Alt | undefined
  execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signal?: AbortSignal,
  ): Promise<T | Alt>
}

/** A policy that takes options in the place of a signal, and says so. */
export interface CallPolicy<Alt = never> extends Policy<Alt> {
  readonly acceptsCallOptions: true
  execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions?: AbortSignal | CallOptions,
  ): Promise<T | Alt>
}

export function acceptsCallOptions<Alt>(policy: Policy<Alt>): policy is CallPolicy<Alt> {
  return 'acceptsCallOptions' in policy && policy.acceptsCallOptions === true
}

/**
 * The same function under a policy: keeps its arguments, `this`, name and types. @throws
 * {TypeError} where `fn` is none
 */
export function wrapWith<This, Args extends unknown[], R, Alt>(
  policy: Policy<Alt>,
  fn: (this: This, ...args: Args) => PromiseLike<R> | R,
): (this: This, ...args: Args) => Promise<R | Alt> {
  checkFunction(fn)
  const wrapped = function (this: This, ...args: Args): Promise<R | Alt> {
    return policy.execute(() => fn.apply(this, args))
  }
  return Object.defineProperty(wrapped, 'name', { value: fn.name, configurable: true })
}
