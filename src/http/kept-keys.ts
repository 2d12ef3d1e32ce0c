import type { LineSource } from '../breaker/line.ts'
import { DAY_MS } from '../core/settings.ts'

/**
 * By storage and not by who asks, for a key has one row, whoever uses it: its keys, the oldest
 * first, and since when.
 */
const ofStorages = new WeakMap<LineSource, Map<string, number>>()
const told = new WeakSet<LineSource>()

/**
 * May a breaker of this key be kept in the storage? A key leaves a row there, which stays until
 * somebody prunes it, and visitors may choose the keys. So an isolate makes at most `most` new ones
 * a day: what was untouched for a day can be pruned.
 * @param onFull - called once for each storage, where the answer is no
 */
export function mayKeep(
  storage: LineSource,
  key: string,
  most: number,
  now: number,
  onFull: () => void,
): boolean {
  const keys = ofStorages.get(storage) ?? new Map<string, number>()
  ofStorages.set(storage, keys)
  if (keys.has(key)) return true
  if (keys.size >= most) {
    const [oldest, since] = keys.entries().next().value!
    // Where the clock was set back, nobody knows how old it is.
    if (now >= since && now - since < DAY_MS) {
      if (!told.has(storage)) onFull()
      told.add(storage)
      return false
    }
    keys.delete(oldest)
  }
  keys.set(key, now)
  return true
}
