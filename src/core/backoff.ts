/** How long to wait, by number of attempts made, or of consecutive opens. */
export interface Backoff {
  /**
   * @param attempt - from 1
   * @param random - chance, from 0 up to 1; where it always says 0, the longest wait is meant
   * @param previousMs - the delay after the attempt before, in milliseconds; undefined where there
   * is none, or it is not known
   * @returns milliseconds
   */
  forAttempt(attempt: number, random?: () => number, previousMs?: number): number
}
