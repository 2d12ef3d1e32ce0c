import type { Notice } from '../breaker/notice.ts'

/** The storage failed. One breaker says so for all of the storage: once for each kind of failure in an outage. */
export function storageFailed(error: unknown): Notice {
  const code = (error as { readonly code?: unknown } | null)?.code
  const what = typeof code === 'string' && /^\w{1,40}$/.test(code) ? code : 'unknown error'
  // A storage of somebody else may put a secret into its message.
  const isOurs = error instanceof Error && error.name === 'StorageError'
  const why = isOurs ? `: ${error.message}` : ''
  const message = `the storage failed (${what}), so its breakers run on local state${why}. \`npx resilient-circuit doctor\` says what is wrong`
  return { code: 'STORAGE_FAILED', message, error }
}

/** The storage refuses this breaker's values for good; told once, until it takes them. */
export function reportsRefused(resourceKey: string, error: unknown): Notice {
  const why = error instanceof Error ? error.message : String(error)
  const message = `the storage refuses what ${JSON.stringify(resourceKey)} sends, so it protects this process alone: ${why}`
  return { code: 'REPORTS_REFUSED', message, error }
}
