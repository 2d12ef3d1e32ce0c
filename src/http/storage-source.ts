import type { LineSource } from '../breaker/line.ts'
import { silenced } from '../breaker/notice.ts'
import { checkKnown } from '../core/checks.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { Recent } from './recent.ts'

/**
 * A storage, or how to make one from what a request brings along, such as a Worker's bindings: a
 * function that is called once per isolate, or `{ key, create }` where there are several databases,
 * called once for each key.
 */
export type StorageSource<C, S extends LineSource = LineSource> =
  | S
  | ((c: C) => S)
  | {
      /** Which of the databases is meant. */
      readonly key: (c: C) => string
      readonly create: (c: C) => S
    }

/**
 * How many databases one source keeps a storage of; beyond that the least recently used is made
 * anew.
 */
const MOST_STORAGES = 100

/**
 * By source, so that all who are given the same function share one storage, and with it its round
 * trips.
 */
const made = new WeakMap<object, Recent<LineSource>>()

/** @throws whatever the user's function throws */
export function storageFrom<C, S extends LineSource>(source: StorageSource<C, S>, c: C): S {
  if (isStorage(source)) return source
  const storages = (made.get(source) as Recent<S> | undefined) ?? new Recent<S>(MOST_STORAGES)
  made.set(source, storages)
  const create = typeof source === 'function' ? source : source.create
  const key = typeof source === 'function' ? '' : source.key(c)
  if (typeof key !== 'string') {
    silenced(key)
    throw new InvalidOptionError('storage.key', 'a function that returns a string', key)
  }
  return storages.get(key, () => {
    const storage = create(c)
    silenced(storage)
    if (!isStorage(storage))
      throw new InvalidOptionError('storage', 'a function that returns a circuit storage', storage)
    return storage
  })
}

/** @throws {InvalidOptionError} where this is no source */
export function checkSource(source: StorageSource<never>): void {
  if (typeof source === 'function' || isStorage(source)) return
  if (typeof source?.key === 'function' && typeof source.create === 'function')
    return checkKnown(source, { key: 1, create: 1 })
  throw new InvalidOptionError(
    'storage',
    'a circuit storage, a function that returns one, or { key, create }',
    source,
  )
}

export function isStorage<S extends LineSource>(value: S | object): value is S {
  return (
    typeof value === 'object' &&
    value !== null &&
    'line' in value &&
    typeof value.line === 'function'
  )
}
