/** How many words are fetched at a time for what only spreads load. */
const POOL = 32
const WORD = 4_294_967_296

const pool = new Uint32Array(POOL)
let used = POOL

/**
 * A random 32-bit integer, fetched anew each time: copies of one process (a restored snapshot, a
 * fork) that shared a stock of numbers would give different reports the same name. Only ever called
 * within a request, for Workers have no random values outside of one.
 */
export function randomWord(): number {
  return fill(new Uint32Array(1))[0]! | 0
}

/**
 * The same where a stock does, because no other isolate reports to the storage: fetching one takes
 * some 6 µs.
 */
export function pooledWord(): number {
  if (used === POOL) {
    fill(pool)
    used = 0
  }
  return pool[used++]! | 0
}

/**
 * From 0 up to 1, for what spreads load over time. It does not depend on `Math.random`, which
 * programs seed and tests replace.
 */
export function randomShare(): number {
  return (pooledWord() >>> 0) / WORD
}

/** Some test environments have no `crypto`. */
function fill(words: Uint32Array<ArrayBuffer>): Uint32Array {
  if (globalThis.crypto !== undefined) return globalThis.crypto.getRandomValues(words)
  return words.map(() => Math.random() * WORD)
}
