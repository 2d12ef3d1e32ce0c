import { MAX_WINDOW } from './limits.ts'

/** How a failure is written in a log; a success is a `0`. */
export const FAILURE = '1'
const CODE = FAILURE.charCodeAt(0)

const SUCCESSES = '0'.repeat(MAX_WINDOW)

/** So many successes. Cut from a text that is there: `repeat` builds a tree of pieces, which whoever looks into it has to flatten. */
export function successes(count: number): string {
  return count <= MAX_WINDOW ? SUCCESSES.slice(0, count) : '0'.repeat(count)
}

/** How many failures stand among the newest `size` outcomes of a log. */
export function failuresIn(log: string, size: number = log.length): number {
  let failures = 0
  for (let i = Math.max(0, log.length - size); i < log.length; i++)
    if (log.charCodeAt(i) === CODE) failures++
  return failures
}

/** A log cut to the newest outcomes that are kept. */
export function trimmed(log: string): string {
  return log.length > MAX_WINDOW ? log.slice(-MAX_WINDOW) : log
}
