import { InvalidOptionError } from './errors.ts'

/** @throws {InvalidOptionError} naming the first of these options that is given and no function */
export function checkFunctions<T extends object>(
  options: T,
  names: readonly (keyof T & string)[],
): void {
  for (const option of names) {
    const value = options[option]
    if (value !== undefined && typeof value !== 'function')
      throw new InvalidOptionError(option, 'a function', value)
  }
}

/** @throws {InvalidOptionError} naming `option` where `value` is no whole number in this range */
export function checkedInteger(
  option: string,
  value: number,
  min: number,
  max: number = Number.POSITIVE_INFINITY,
): number {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    throw new InvalidOptionError(
      option,
      `a whole number from ${min}${max < Number.POSITIVE_INFINITY ? ` to ${max}` : ''}`,
      value,
    )
  }
  return value
}

/** @throws {InvalidOptionError} naming `option` where `value` is none of these words */
export function checkedChoice<T extends string>(
  option: string,
  value: T,
  allowed: readonly T[],
): T {
  if (!allowed.includes(value))
    throw new InvalidOptionError(option, allowed.map((word) => `'${word}'`).join(' or '), value)
  return value
}

/** @throws {InvalidOptionError} naming `option` where `value` is neither true, false nor left out */
export function checkedFlag(option: string, value: unknown): boolean {
  if (value !== undefined && typeof value !== 'boolean')
    throw new InvalidOptionError(option, 'true or false', value)
  return value === true
}
