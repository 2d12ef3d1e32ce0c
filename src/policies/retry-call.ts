/** One call and its attempts. */
export interface Call {
  /** On the monotonic clock. */
  readonly begun: number
  attempts: number
  /** What the last attempt that threw has thrown. */
  last: { readonly error: unknown } | undefined
  /** The last wait that the backoff asked for, in milliseconds. */
  delayMs: number | undefined
}

/** How an attempt ended. */
export type Ended<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown }

/** What the attempt returned. @throws what it threw */
export function settled<T>(ended: Ended<T>): T {
  if (ended.ok) return ended.value
  throw ended.error
}
