import type { CircuitStorage } from '../fleet/port.ts'

/** What a breaker uses that names no storage. Only `resilient-circuit/auto` sets it, once, at start. */
export const defaults: { storage?: () => CircuitStorage } = {}
