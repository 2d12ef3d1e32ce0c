import { type OnNotice, tell, warn } from '../breaker/notice.ts'
import { checkKnown } from '../core/checks.ts'
import { checkedKey } from '../core/key.ts'
import { InMemoryStorage } from '../fleet/memory.ts'
import type { CircuitStorage } from '../fleet/port.ts'
import { wrapStorage } from '../fleet/wrap.ts'
import { type DatabaseSettings, readEnvironment } from './settings.ts'

/** Options of {@link createStorage}. */
export interface CreateStorageOptions {
  /**
   * What a breaker on this storage uses that names no namespace. Default: `RC_NAMESPACE`, else
   * `'default'`.
   */
  readonly namespace?: string | undefined
  /** The schema that holds the tables. Default: the connection's search path. */
  readonly schema?: string | undefined
  /**
   * Told where no variable names a database, where a driver is not installed, and what the storage
   * itself has to say (`FUNCTION_NOT_ALLOWED`). Default: a warning on the console.
   */
  readonly onNotice?: OnNotice | undefined
}

/** A storage that was chosen by an environment. */
export interface EnvironmentStorage extends CircuitStorage, AsyncDisposable {
  readonly namespace: string
  /** Ends the connections, where there are any. May be called more than once. */
  close(): Promise<void>
}

/** Makes the storage of a database; each runtime has drivers of its own. */
export type Open = (
  database: DatabaseSettings,
  options: CreateStorageOptions,
) => CircuitStorage & { close?(): Promise<void> }

export function storageOf(
  env: object,
  options: CreateStorageOptions,
  tcp: boolean,
  open: Open,
): EnvironmentStorage {
  checkKnown(options, { namespace: 1, schema: 1, onNotice: 1 })
  const { namespace, database } = readEnvironment(env, tcp)
  const storage =
    database === undefined ? memory(options.onNotice ?? warn) : open(database, options)
  const end = storage.close?.bind(storage)
  const close = async () => end?.()
  return wrapStorage(storage, {
    namespace: checkedKey('namespace', options.namespace ?? namespace),
    close,
    [Symbol.asyncDispose]: close,
  })
}

function memory(onNotice: OnNotice): ReturnType<Open> {
  tell(onNotice, {
    code: 'MEMORY_STORAGE',
    message:
      'none of RC_DB_DSN, RC_DATABASE_URL, RC_DB_HOST and DATABASE_URL is set: breakers live in the memory of this process, and nobody shares them',
  })
  return new InMemoryStorage()
}
