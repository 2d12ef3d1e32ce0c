import type { CircuitStorage } from '../fleet/port.ts'
import { sharedLine } from '../fleet/shared-line.ts'
import { OPERATIONS } from '../fleet/wrap.ts'
import { StorageError } from '../postgres/errors.ts'

type Closable = CircuitStorage & { close?(): Promise<void> }

/**
 * A storage whose driver is loaded apart: most programs have one of the drivers installed, not
 * both.
 * @param packages - what the driver needs, for the error of every operation where that is not
 * installed
 */
export function deferredStorage(
  load: () => Promise<Closable>,
  packages: string,
  onMissing: (error: StorageError) => void,
): Closable {
  const loaded = load().catch((cause) => {
    const message =
      cause?.name === 'NotCapable'
        ? 'the driver may not read the environment, which it does by itself: run Deno with --allow-env, or use neonStorage of resilient-circuit/neon-fetch, which does not'
        : `the database needs the packages ${packages}: npm install ${packages}`
    const error = Object.assign(new StorageError('STORAGE_FAILED', message, undefined), { cause })
    onMissing(error)
    throw error
  })
  // Each operation rejects with it, and none may ever come.
  loaded.catch(() => {})
  const forwards = OPERATIONS.map((name) => [
    name,
    async (...args: unknown[]) => {
      const storage = await loaded
      return (storage[name] as (...args: unknown[]) => Promise<unknown>).apply(storage, args)
    },
  ])
  return {
    shared: true,
    line: sharedLine,
    backendName: 'postgres',
    ...(Object.fromEntries(forwards) as Omit<
      CircuitStorage,
      'shared' | 'line' | 'namespace' | 'backendName'
    >),
    close: async () => (await loaded.catch(() => undefined))?.close?.(),
  }
}
