/** What a case throws. Runners that know `actual` and `expected` show a difference. */
export class ConformanceError extends Error {
  override readonly name = 'ConformanceError'
  readonly actual: unknown
  readonly expected: unknown

  constructor(what: string, actual: unknown, expected: unknown) {
    super(`${what}: expected ${shown(expected)}, got ${shown(actual)}`)
    this.actual = actual
    this.expected = expected
  }
}

/**
 * @throws {ConformanceError} unless both are alike: plain objects and arrays by content, all else
 * by `Object.is`
 */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (!alike(actual, expected)) throw new ConformanceError(what, actual, expected)
}

/** As {@link equal}, of those members alone that `expected` has. */
export function matches(actual: object, expected: object, what: string): void {
  const part = Object.fromEntries(
    Object.keys(expected).map((key) => [key, (actual as Record<string, unknown>)[key]]),
  )
  equal(part, expected, what)
}

export function ok(condition: boolean, what: string): void {
  if (!condition) throw new ConformanceError(what, false, true)
}

/** What the promise rejects with. */
export async function rejection(promise: Promise<unknown>, what: string): Promise<unknown> {
  const settled = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  if ('error' in settled) return settled.error
  throw new ConformanceError(what, settled.value, 'a rejection')
}

function alike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isPlain(a) || !isPlain(b) || Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && alike(a[key], b[key]))
  )
}

/** Of an error or a set the content is not in its members: such are alike only if they are one. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
}

function shown(value: unknown): string {
  return (
    JSON.stringify(value, (_, part) => (part === undefined ? 'undefined' : part)) ?? String(value)
  )
}
