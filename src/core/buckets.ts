import { BUCKETS } from './limits.ts'
import type { Buckets } from './state.ts'

/**
 * The window moved on to `now`. The width that a window has stands until a whole window went by without outcomes, whatever the
 * reporter's own, so that two settings cannot wipe each other's counts. A newest bucket further ahead than the window means that
 * the clock stepped far back: the window starts anew. A small step back counts into the newest bucket; nothing is un-shifted.
 */
export function advance(buckets: Buckets | null, widthMs: number, now: number): Buckets {
  if (buckets !== null) {
    const gone = Math.floor(now / buckets.widthMs) - buckets.newest
    if (gone > -BUCKETS && gone <= 0) return buckets
    if (gone > 0 && gone < BUCKETS) {
      const shift = (counts: readonly number[]) => [
        ...counts.slice(gone),
        ...Array<number>(gone).fill(0),
      ]
      return {
        ...buckets,
        newest: buckets.newest + gone,
        successes: shift(buckets.successes),
        failures: shift(buckets.failures),
      }
    }
  }
  const none = Array<number>(BUCKETS).fill(0)
  return { newest: Math.floor(now / widthMs), widthMs, successes: none, failures: none }
}

/** The window with so many more outcomes in its newest bucket. */
export function count(buckets: Buckets, successes: number, failures: number): Buckets {
  const add = (counts: readonly number[], more: number) =>
    counts.map((n, i) => (i === counts.length - 1 ? n + more : n))
  return {
    ...buckets,
    successes: add(buckets.successes, successes),
    failures: add(buckets.failures, failures),
  }
}

export function total(counts: readonly number[]): number {
  let sum = 0
  for (const n of counts) sum += n
  return sum
}
