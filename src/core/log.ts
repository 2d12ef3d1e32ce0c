import { MAX_WINDOW } from './limits.ts'

/** How many failures stand among the newest `size` outcomes of a log. */
export function failuresIn(log: string, size: number = log.length): number {
  let failures = 0
  for (let i = Math.max(0, log.length - size); i < log.length; i++) if (log.charCodeAt(i) === 49) failures++
  return failures
}

/** A log cut to the newest outcomes that are kept. */
export function trimmed(log: string): string {
  return log.length > MAX_WINDOW ? log.slice(-MAX_WINDOW) : log
}
