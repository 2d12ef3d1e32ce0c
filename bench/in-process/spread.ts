import type { Standing } from '../support/turns.ts'

/** The least and the greatest ratio of all rounds. */
export function spread({ low, high }: Standing['ratio']): string {
  return `${low.toFixed(2)} to ${high.toFixed(2)}`
}
