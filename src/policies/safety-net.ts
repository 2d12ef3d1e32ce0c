import {
  acceptsCallOptions,
  type CallContext,
  type CallOptions,
  type CallPolicy,
  callOptions,
  checkFunction,
  LazyContext,
  type Policy,
  wrapWith,
} from '../breaker/call.ts'
import { checkKnown } from '../core/checks.ts'
import { InvalidOptionError } from '../core/errors.ts'

/** Options of {@link SafetyNet}. */
export interface SafetyNetOptions<Alt = never> {
  /** Outermost first, each once. With none, a wrapped function is the function itself. */
  readonly policies: readonly Policy<Alt>[]
}

/** A policy that does its work with an eye on those within it. */
interface NetPolicy<Alt> extends Policy<Alt> {
  /** What stands in its place where these are within it. */
  around?(inner: readonly Policy<Alt>[]): Policy<Alt>
}

/**
 * Several policies as one. The signal that a policy hands to what it runs is the next one's;
 * options such as `waitUntil` reach every policy that takes them.
 *
 * @example
 * ```ts
 * const policies = [new RetryWithBackoffPolicy(), new CircuitProtectorPolicy()]
 * const charge = new SafetyNet({ policies }).wrap(async (order: Order) => pay(order))
 * ```
 */
export class SafetyNet<Alt = never> implements CallPolicy<Alt> {
  readonly acceptsCallOptions: true = true
  /** The policies that it is made of, outermost first; frozen. */
  readonly policies: readonly Policy<Alt>[]
  /** The same, as each is within this net. */
  readonly #policies: readonly Policy<Alt>[]

  /**
   * @throws {InvalidOptionError} where `policies` is no list of policies, or one of them stands in
   * it twice
   */
  constructor(options: SafetyNetOptions<Alt>) {
    checkKnown(options ?? {}, { policies: 1 })
    const policies = options?.policies
    if (!Array.isArray(policies))
      throw new InvalidOptionError('policies', 'a list of policies', policies)
    policies.forEach((policy: Policy<Alt>, i) => {
      if (typeof policy?.execute !== 'function')
        throw new InvalidOptionError(`policies[${i}]`, 'a policy', policy)
      if (policies.indexOf(policy) !== i)
        throw new InvalidOptionError(`policies[${i}]`, 'in the list only once', policy)
    })
    this.policies = Object.freeze([...policies])
    this.#policies = this.policies.map((policy: NetPolicy<Alt>, i) =>
      typeof policy.around === 'function' ? policy.around(this.policies.slice(i + 1)) : policy,
    )
  }

  /** Calls `fn` under all policies. @throws what they throw, or `fn` */
  async execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions?: AbortSignal | CallOptions,
  ): Promise<T | Alt> {
    checkFunction(fn)
    const call = callOptions(signalOrOptions)
    call.signal?.throwIfAborted()
    const run = (i: number, context: CallContext): PromiseLike<T | Alt> | T => {
      const policy = this.#policies[i]
      if (policy === undefined) return fn(context)
      // Where a policy hands no signal on, the one that it was given itself still holds.
      const next = (inner: CallContext) =>
        run(i + 1, LazyContext.saysNothing(inner) ? context : inner)
      const signal = LazyContext.signalOf(context)
      if (!acceptsCallOptions(policy)) return policy.execute(next, signal)
      return policy.execute(next, signal === undefined ? call : { ...call, signal })
    }
    return run(0, new LazyContext(call.signal))
  }

  /** The same function under all policies: keeps its arguments, `this`, name and types. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => PromiseLike<R> | R,
  ): (this: This, ...args: Args) => Promise<R | Alt> {
    if (this.#policies.length > 0) return wrapWith(this, fn)
    if (typeof fn !== 'function') checkFunction(fn)
    return fn as (this: This, ...args: Args) => Promise<R>
  }
}
