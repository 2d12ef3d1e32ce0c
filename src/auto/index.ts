/**
 * `import 'resilient-circuit/auto'` makes the environment, and `.env` of the working folder, the
 * default storage: of each breaker that names none. On Node, Deno and Bun. Nothing is read before
 * the first such breaker is made.
 * @module
 */

import { defaults } from '../breaker/defaults.ts'
import { createStorage } from '../env/node.ts'
import { readVariables } from '../env/variables.ts'
import type { CircuitStorage } from '../fleet/port.ts'

let next: (() => CircuitStorage) | undefined

defaults.storage = () => {
  next ??= first()
  return next()
}

function first(): () => CircuitStorage {
  const variables = readVariables()
  let storage: CircuitStorage | undefined = createStorage(variables)
  const { shared } = storage
  return () => {
    // In memory each breaker has its own, as without this module: two that name no key are not one.
    const given = storage ?? createStorage(variables, { onNotice: () => {} })
    storage = shared ? given : undefined
    return given
  }
}
