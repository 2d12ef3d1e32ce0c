/** How long to wait, by number of attempts made, or of consecutive opens. */
export interface Backoff {
  /**
   * @param attempt - from 1
   * @param random - chance, from 0 up to 1; where it always says 0, the longest wait is meant
   * @returns milliseconds
   */
  forAttempt(attempt: number, random?: () => number): number
}
