/** Something that a developer should know and that no caller should suffer from. */
export interface Notice {
  /**
   * `HOOK_FAILED`: a hook or classifier threw. `SINGLE_FAILURE_TRIPS`: the breaker runs with the default `fraction(1, 1)` on shared storage.
   * `MEMORY_STORAGE`: no shared storage is configured. `BAD_KEY`: a computed key cannot be one; the call ran unprotected.
   * `NO_STORAGE`: no storage could be made, a binding may be missing; the call ran unprotected.
   * `MISSING_PACKAGE`: the driver of the storage is not installed; breakers run on local state.
   */
  readonly code:
    | 'HOOK_FAILED'
    | 'SINGLE_FAILURE_TRIPS'
    | 'MEMORY_STORAGE'
    | 'BAD_KEY'
    | 'NO_STORAGE'
    | 'MISSING_PACKAGE'
  readonly message: string
  readonly error?: unknown
}

export type OnNotice = (notice: Notice) => void

/** Hands a notice on; a hook that fails has nobody left to tell. */
export function tell(onNotice: OnNotice, notice: Notice): undefined {
  try {
    onNotice(notice)
  } catch {}
}

/** A user's function's answer, or undefined where it throws: that may take the place of nothing. */
export function attempt<T>(onNotice: OnNotice, name: string, fn: () => T): T | undefined {
  try {
    return fn()
  } catch (error) {
    return hookFailed(onNotice, name, error)
  }
}

export function hookFailed(onNotice: OnNotice, name: string, error: unknown): undefined {
  return tell(onNotice, { code: 'HOOK_FAILED', message: `${name} failed`, error })
}

/** Default of `onNotice`: a line on the console, where there is one. */
export const warn: OnNotice = ({ message }) => {
  globalThis.console?.warn(`resilient-circuit: ${message}`)
}
