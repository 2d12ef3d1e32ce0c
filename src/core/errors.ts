/**
 * What marks our errors, and the rejections that we answer over HTTP. It is the same in every copy of the package, where `instanceof`
 * and a `WeakSet` only know those of their own copy.
 */
const BRAND = Symbol.for('resilient-circuit')

/** Marks an object as ours. One that takes no property stays as it is. */
export function brand(subject: object): void {
  Reflect.defineProperty(subject, BRAND, { value: true })
}

export function isBranded(subject: unknown): boolean {
  return typeof subject === 'object' && subject !== null && BRAND in subject
}

/** Is this an error of this library, of whichever copy, and with this code where one is given? */
export function isOwnError(error: unknown, code?: string): error is ResilientCircuitError {
  return isBranded(error) && (code === undefined || (error as ResilientCircuitError).code === code)
}

/** Base class of every error that this library throws on its own account. `code` is stable across releases; match on it. */
export abstract class ResilientCircuitError extends Error {
  static {
    brand(ResilientCircuitError.prototype)
  }
  abstract readonly code: string
}

/** An option, argument or environment value is out of its range, or unknown. Thrown at construction, before anything runs. */
export class InvalidOptionError extends RangeError {
  static {
    brand(InvalidOptionError.prototype)
  }
  override readonly name = 'InvalidOptionError'
  readonly code = 'INVALID_OPTION'
  /** The name of the option as the caller wrote it. */
  readonly option: string

  /**
   * @param expected - what the option must be; without a value, the whole of what is wrong with it
   * @param value - what it is
   */
  constructor(option: string, expected: string, ...value: readonly [value?: unknown]) {
    super(
      value.length === 0
        ? `${option} ${expected}`
        : `${option} must be ${expected}; got ${shown(value[0])}`,
    )
    this.option = option
  }
}

/** A value as a message may show it: short, on one line, never throwing. */
export function shown(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}
