/** Something that a developer should know and that no caller should suffer from. */
export interface Notice {
  /**
   * `HOOK_FAILED`: a hook or classifier threw. `SINGLE_FAILURE_TRIPS`: the breaker runs with the default `fraction(1, 1)` on shared storage.
   * `MEMORY_STORAGE`: no shared storage is configured. `BAD_KEY`: a computed key cannot be one; the call ran unprotected.
   */
  readonly code: 'HOOK_FAILED' | 'SINGLE_FAILURE_TRIPS' | 'MEMORY_STORAGE' | 'BAD_KEY'
  readonly message: string
  readonly error?: unknown
}

export type OnNotice = (notice: Notice) => void

/** Default of `onNotice`: a line on the console, where there is one. */
export const warn: OnNotice = ({ message }) => {
  globalThis.console?.warn(`resilient-circuit: ${message}`)
}
