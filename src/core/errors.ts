/** Base class of every error that this library throws on its own account. `code` is stable across releases; match on it. */
export abstract class ResilientCircuitError extends Error {
  abstract readonly code: string
}

/** An option, argument or environment value is out of its range. Thrown at construction, before anything runs. */
export class InvalidOptionError extends RangeError {
  override readonly name = 'InvalidOptionError'
  readonly code = 'INVALID_OPTION'
  /** The name of the option as the caller wrote it. */
  readonly option: string

  constructor(option: string, expected: string, value: unknown) {
    super(`${option} must be ${expected}; got ${shown(value)}`)
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
