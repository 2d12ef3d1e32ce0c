/**
 * For processes that live long: sends what is buffered before they end. On Node, Deno and Bun.
 * @module
 */
import process from 'node:process'
import { flushStorage } from '../replica/replica.ts'
import type { CircuitStorage } from '../storage/port.ts'

/** A breaker, or anything else that can flush. */
export interface Flushable {
  flush(): Promise<void>
  /** Ends when its hooks are done; bounded. */
  settled?(): Promise<void>
}

/** What ends a process from outside, and the number that its exit code then carries beside 128. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

/**
 * Before this process ends, sends what these breakers hold, or all breakers of these storages, those of a middleware and of a
 * protected `fetch` among them. That is when nothing is left to do, and at `SIGINT` and `SIGTERM`.
 *
 * Where nobody else listens to the signal, the process then ends with the exit code that shells expect, 130 or 143. Where somebody
 * does, ending is left to them: the flush goes on beside what they do, so they should wait for `breaker.flush()` before they call
 * `process.exit`. A second signal ends the process at once. It waits for a storage that does not answer no longer than twice
 * `operationTimeout`: what is under way, and one try; and for hooks no longer than five seconds. What it did not take then is lost, as it is where the process is killed.
 *
 * @returns takes it back
 * @throws {TypeError} where there is neither a breaker nor a storage
 * @example
 * ```ts
 * const storage = createStorage(process.env)
 * flushOnShutdown(storage)
 * ```
 */
export function flushOnShutdown(
  ...sources: readonly [Flushable | CircuitStorage, ...(Flushable | CircuitStorage)[]]
): () => void {
  const flushes = sources.map(flushOf)
  if (flushes.length === 0) throw new TypeError('flushOnShutdown needs a breaker or a storage')
  const flush = () => Promise.all(flushes.map((each) => each()))

  const onSignal = async (signal: keyof typeof SIGNALS) => {
    process.off(signal, onSignal)
    await flush()
    if (process.listenerCount(signal) === 0) process.exit(128 + SIGNALS[signal])
  }
  // Once: a storage that does not answer would be asked again and again.
  process.once('beforeExit', flush)
  const signals = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    process.off('beforeExit', flush)
    for (const signal of signals) process.off(signal, onSignal)
  }
}

function flushOf(source: Flushable | CircuitStorage): () => Promise<void> {
  if ('flush' in source && typeof source.flush === 'function')
    return async () => {
      await source.flush()
      await source.settled?.()
    }
  if ('exchange' in source && typeof source.exchange === 'function')
    return () => flushStorage(source)
  throw new TypeError('flushOnShutdown takes breakers and storages')
}
