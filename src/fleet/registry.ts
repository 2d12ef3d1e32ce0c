import type { Runtime } from '../breaker/runtime.ts'
import type { CircuitStorage } from './port.ts'
import { Replica } from './replica.ts'

const replicas = new WeakMap<CircuitStorage, Replica>()

/** The replica of a storage: one for all breakers that share it. */
export function replicaOf(storage: CircuitStorage, runtime: Runtime): Replica {
  let replica = replicas.get(storage)
  if (replica === undefined) {
    replica = new Replica(storage, runtime)
    replicas.set(storage, replica)
  }
  return replica
}

/** Sends what all breakers of this storage hold. */
export async function flushStorage(storage: CircuitStorage): Promise<void> {
  await replicas.get(storage)?.flushEvery()
}

/** Nobody will send what the breakers of this storage still hold: tells their `onDropped`. */
export async function abandonStorage(storage: CircuitStorage): Promise<void> {
  await replicas.get(storage)?.abandonEvery()
}
