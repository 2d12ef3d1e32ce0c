import { type OnNotice, silenced, tell } from '../breaker/notice.ts'
import { keyProblem } from '../core/key.ts'

/**
 * A key that a user's function gives. Undefined where it gives null, fails, or gives what can be no
 * key: that call runs unprotected.
 */
export function computedKey(
  onNotice: OnNotice,
  option: string,
  key: () => string | null,
): string | undefined {
  const refused = (why: string, error?: unknown) =>
    tell(onNotice, {
      code: 'BAD_KEY',
      message: `${option} ${why}: a request ran unprotected`,
      error,
    })
  try {
    const own: unknown = key()
    silenced(own)
    if (own === null) return undefined
    const problem = keyProblem(own)
    return problem === undefined ? (own as string) : refused(`must be ${problem}`)
  } catch (error) {
    return refused('failed', error)
  }
}
