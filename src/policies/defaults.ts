import type { CircuitStorage } from '../storage/port.ts'

/** What a breaker uses that names neither storage nor namespace. Only `resilient-circuit/auto` sets it, once, at start. */
export const defaults: { storage?: () => CircuitStorage; namespace?: string } = {}
