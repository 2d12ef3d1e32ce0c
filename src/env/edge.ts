import { neonStorage } from '../postgres/neon.ts'
import { type CreateStorageOptions, type EnvironmentStorage, storageOf } from './storage.ts'

export type { CreateStorageOptions, EnvironmentStorage }

/**
 * As on servers, without `pg`: an edge bundle has no use for it, and some cannot be built with it.
 */
export function createStorage(env: object, options: CreateStorageOptions = {}): EnvironmentStorage {
  return storageOf(env, options, false, ({ url, fetchEndpoint }, { schema, onNotice }) =>
    neonStorage(url, { fetchEndpoint, schema, onNotice }),
  )
}
