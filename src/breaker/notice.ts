/** Something that a developer should know and that no caller should suffer from. */
export interface Notice {
  /**
   * `HOOK_FAILED`: a hook or classifier threw. `SINGLE_FAILURE_TRIPS`: the breaker runs with the
   * default `fraction(1, 1)` on shared storage. `MEMORY_STORAGE`: no shared storage is configured.
   * `BAD_KEY`: a computed key cannot be one; the call ran unprotected; told once for each reason.
   * `NO_STORAGE`: no storage could be made, a binding may be missing; the call ran unprotected;
   * told once for each reason. `TOO_MANY_KEYS`: this isolate has used `maxKeys` computed keys;
   * breakers of further ones live in its memory; told once for each storage. `STORAGE_FAILED`: the
   * storage does not answer, or refuses; told once for each kind of failure in an outage.
   * `REPORTS_REFUSED`: the database refuses a value that this breaker sends, such as its key; it
   * runs on local state until one is taken. `MISSING_PACKAGE`: the driver of the storage is not
   * installed, or Deno forbids it to read the environment; breakers run on local state.
   * `FUNCTION_NOT_ALLOWED`: the role may not call the function in the database, so each write sends
   * the whole rule.
   */
  readonly code:
    | 'HOOK_FAILED'
    | 'SINGLE_FAILURE_TRIPS'
    | 'MEMORY_STORAGE'
    | 'BAD_KEY'
    | 'NO_STORAGE'
    | 'TOO_MANY_KEYS'
    | 'STORAGE_FAILED'
    | 'REPORTS_REFUSED'
    | 'MISSING_PACKAGE'
    | 'FUNCTION_NOT_ALLOWED'
  readonly message: string
  readonly error?: unknown
}

/** May return a promise, which is not waited for; its failures are swallowed. */
export type OnNotice = (notice: Notice) => unknown

/** Hands a notice on. A failure of `onNotice` itself is swallowed, for nobody is left to tell. */
export function tell(onNotice: OnNotice, notice: Notice): undefined {
  try {
    silenced(onNotice(notice))
  } catch {}
}

/**
 * The answer of a user's function, or undefined where it throws: its failure never replaces a
 * result. A promise is no answer either: nobody waits for it.
 */
export function attempt<T>(onNotice: OnNotice, name: string, fn: () => T): T | undefined {
  const answer = started(onNotice, name, fn)
  if (!isThenable(answer)) return answer as T
  const message = `${name} must not return a promise: its answer is needed at once`
  return tell(onNotice, { code: 'HOOK_FAILED', message })
}

/**
 * As {@link attempt}, for a function that may return a promise. The promise that is returned then
 * never rejects: a rejection is reported. `then` is called once, for some objects do their work at
 * each call of it.
 */
export function started<T>(
  onNotice: OnNotice,
  name: string,
  fn: () => T,
): T | Promise<unknown> | undefined {
  try {
    const answer = fn()
    return isThenable(answer)
      ? Promise.resolve(answer).catch((error) => hookFailed(onNotice, name, error))
      : answer
  } catch (error) {
    return hookFailed(onNotice, name, error)
  }
}

/** Nobody waits for it: its rejection must not end the process. */
export function silenced(value: unknown): void {
  if (isThenable(value)) Promise.resolve(value).catch(() => {})
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value
  )
}

export function hookFailed(onNotice: OnNotice, name: string, error: unknown): undefined {
  return tell(onNotice, { code: 'HOOK_FAILED', message: `${name} failed`, error })
}

/** Default of `onNotice`: a line on the console, where there is one. */
export const warn: OnNotice = ({ message }) => {
  globalThis.console?.warn(`resilient-circuit: ${message}`)
}

/** The default limit of a breaker, on a storage that others share. */
export function singleFailureTrips(resourceKey: string): Notice {
  const name = JSON.stringify(resourceKey)
  return {
    code: 'SINGLE_FAILURE_TRIPS',
    message: `${name} has no failureLimit: a single failure stops the whole fleet. Say fraction(1, 1) if that is meant`,
  }
}
