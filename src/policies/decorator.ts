import { type Policy, wrapWith } from '../breaker/call.ts'
import { InvalidOptionError } from '../core/errors.ts'

/** What a policy makes of a method. */
type Decorator<Alt> = <This, Args extends unknown[], R>(
  method: (this: This, ...args: Args) => Promise<R>,
  context: ClassMethodDecoratorContext<This, (this: This, ...args: Args) => Promise<R>>,
) => (this: This, ...args: Args) => Promise<R | Alt>

/**
 * A decorator that puts a method under a policy. One policy for the class, not for each instance.
 *
 * @throws {InvalidOptionError} where `policy` is none, or what is decorated is no method
 * @example
 * ```ts
 * class Payments {
 *   @protect(breaker)
 *   async charge(order: Order): Promise<Receipt> { … }
 * }
 * ```
 */
export function protect<Alt = never>(policy: Policy<Alt>): Decorator<Alt> {
  if (typeof policy?.execute !== 'function')
    throw new InvalidOptionError('policy', 'a policy', policy)
  return (method, context) => {
    // The decorators that TypeScript had before the standard pass a name here.
    if (context?.kind !== 'method')
      throw new InvalidOptionError(
        '@protect(policy)',
        'on a method, as a standard decorator',
        context?.kind,
      )
    return wrapWith(policy, method)
  }
}
