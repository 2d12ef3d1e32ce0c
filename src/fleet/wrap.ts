import type { CircuitStorage } from './port.ts'
import { sharedLine } from './shared-line.ts'

/** The names of a storage's operations: all of its members that are functions. */
export type Operation = {
  [Name in keyof CircuitStorage]-?: NonNullable<CircuitStorage[Name]> extends (
    ...args: never[]
  ) => Promise<unknown>
    ? Name
    : never
}[keyof CircuitStorage]

/** A record, so that an operation that is added to the port and forgotten here does not compile. */
const ALL: Readonly<Record<Operation, true>> = {
  exchange: true,
  acquire: true,
  control: true,
  remove: true,
  list: true,
  history: true,
  prune: true,
}

/** Every operation of a storage. */
export const OPERATIONS = Object.keys(ALL) as readonly Operation[]

/**
 * The same storage with some members in place of its own. Everything else is the storage's: its namespace, its `close`, and
 * whatever members its class has beyond the port. Methods run on the storage itself, so that private fields work.
 */
export function wrapStorage<S extends CircuitStorage, O extends object>(
  storage: S,
  overrides: O,
): S & O {
  return new Proxy(storage, {
    has: (target, name) => name in overrides || name in target,
    get(target, name) {
      // Through this object, and not past it.
      if (name === 'line') return sharedLine
      if (name in overrides) return overrides[name as keyof O]
      const value: unknown = Reflect.get(target, name, target)
      // The constructor is no method: bound, it would have lost its static members.
      return typeof value === 'function' && name !== 'constructor' ? value.bind(target) : value
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  }) as S & O
}
