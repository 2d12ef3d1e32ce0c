import { InvalidOptionError } from './errors.ts'

const LONGEST = 255

/** Why a text cannot be a key, or undefined where it can. U+0000 and lone surrogates have no place in a Postgres text. */
export function keyProblem(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'a string'
  // Code points are never more than code units: counting them is only needed near the limit.
  const length =
    value.length <= LONGEST ? value.length : [...value.slice(0, 2 * LONGEST + 2)].length
  if (length < 1 || length > LONGEST) return `1 to ${LONGEST} characters long`
  if (value.includes('\u0000')) return 'free of U+0000'
  if (/\p{Surrogate}/u.test(value)) return 'well-formed Unicode, without lone surrogates'
  return undefined
}

/** @throws {InvalidOptionError} naming `option` where `value` cannot be a key, namespace, reason or actor. */
export function checkedKey(option: string, value: unknown): string {
  const problem = keyProblem(value)
  if (problem !== undefined) throw new InvalidOptionError(option, problem, value)
  return value as string
}
