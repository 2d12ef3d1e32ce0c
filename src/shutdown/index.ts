/**
 * For processes that live long: sends what is buffered before they end. On Node, Deno and Bun.
 * @module
 */
import process from 'node:process'
import type { CircuitStorage } from '../fleet/port.ts'
import { abandonStorage, flushStorage } from '../fleet/shared-line.ts'

/** A breaker, or anything else that can flush. */
export interface Flushable {
  flush(): Promise<void>
  /** Ends when its hooks are done; bounded. */
  settled?(): Promise<void>
  /** Nobody will send what it still holds: it tells its hooks. */
  abandon?(): void
}

/** What ends a process from outside, and the number that its exit code then carries beside 128. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const

/**
 * Before this process ends, sends what these breakers hold, or all breakers of these storages,
 * those of a middleware and of a protected `fetch` among them. That is when nothing is left to do,
 * and at `SIGINT` and `SIGTERM`.
 *
 * Where nobody else listens to the signal, the process then ends with the exit code that shells
 * expect, 130 or 143. Where somebody does, ending is left to them: the flush goes on beside what
 * they do, so they should wait for `breaker.flush()` before they call `process.exit`. A second
 * signal ends the process at once. It waits for a storage that does not answer no longer than twice
 * `operationTimeout`: what is under way, and one try; and for hooks no longer than five seconds.
 * What it did not take then is lost: `onDropped` is told of it, unless somebody else ends the
 * process, or it is killed.
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
  const senders = sources.map(senderOf)
  if (senders.length === 0) throw new TypeError('flushOnShutdown needs a breaker or a storage')
  const flush = () => Promise.all(senders.map((each) => each.flush()))
  const end = async () => {
    await flush()
    await Promise.all(senders.map((each) => each.end()))
  }

  const onSignal = async (signal: keyof typeof SIGNALS) => {
    process.off(signal, onSignal)
    await flush()
    if (process.listenerCount(signal) > 0) return
    await Promise.all(senders.map((each) => each.end()))
    process.exit(128 + SIGNALS[signal])
  }
  // Once: a storage that does not answer would be asked again and again.
  process.once('beforeExit', end)
  const signals = Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]
  for (const signal of signals) process.on(signal, onSignal)
  return () => {
    process.off('beforeExit', end)
    for (const signal of signals) process.off(signal, onSignal)
  }
}

interface Sender {
  /** Sends what is held, and waits for the hooks that this calls. */
  flush(): Promise<void>
  /** Tells of what was not sent: nobody will send it any more. */
  end(): Promise<void>
}

function senderOf(source: Flushable | CircuitStorage): Sender {
  if ('flush' in source && typeof source.flush === 'function') {
    const settled = async () => source.settled?.()
    return {
      flush: () => source.flush().then(settled),
      end: async () => {
        source.abandon?.()
        await settled()
      },
    }
  }
  if ('exchange' in source && typeof source.exchange === 'function')
    return { flush: () => flushStorage(source), end: () => abandonStorage(source) }
  throw new TypeError('flushOnShutdown takes breakers and storages')
}
