import { InvalidOptionError } from './errors.ts'

/** The names of all options of an interface: one that it has and this lacks does not compile. */
export type Names<Options> = { readonly [Name in keyof Required<Options>]: 1 }

/**
 * Refuses options that do not exist: most are misspelt, and what was meant would silently not be done.
 * @throws {InvalidOptionError} naming the first unknown option and the known one that is nearest to it
 */
export function checkKnown(options: unknown, known: object): void {
  if (typeof options !== 'object' || options === null)
    throw new InvalidOptionError('options', 'an object', options)
  for (const option of Object.keys(options)) {
    if (Object.hasOwn(known, option)) continue
    const [nearest] = Object.keys(known).sort(
      (a, b) => editDistance(option, a) - editDistance(option, b),
    )
    // Without its value: that of a misspelt password is one, too.
    throw new InvalidOptionError(option, `is no option; did you mean ${nearest}?`)
  }
}

/** Levenshtein's: how many letters have to be added, removed or replaced. Capitals are no difference. */
function editDistance(from: string, to: string): number {
  const a = from.slice(0, 100).toLowerCase()
  const b = to.toLowerCase()
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (a[i] === b[j] ? 0 : 1)))
    row = next
  }
  return row[b.length]!
}

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
