import { InvalidOptionError } from '../core/errors.ts'
import { variable } from '../core/variable.ts'

/**
 * What becomes of work that a call leaves behind: it goes on by itself (`'float'`), is waited for
 * before the call ends (`'await'`, at most `storageTimeout`), or is handed to a function such as a
 * platform's `waitUntil`.
 */
export type Background = 'float' | 'await' | ((work: Promise<unknown>) => void)

/** Where the platform stops a process once its response is out, nothing may float. */
export function resolveBackground(background: Background | undefined): Background {
  if (background === undefined) return freezes() ? 'await' : 'float'
  if (background !== 'float' && background !== 'await' && typeof background !== 'function') {
    throw new InvalidOptionError('background', "'float', 'await' or a function", background)
  }
  return background
}

/** Is this a runtime that is known to freeze or cancel what a request left behind? */
function freezes(): boolean {
  const { navigator } = globalThis as { readonly navigator?: { readonly userAgent?: string } }
  return (
    navigator?.userAgent === 'Cloudflare-Workers' ||
    variable('AWS_LAMBDA_FUNCTION_NAME') !== undefined
  )
}
