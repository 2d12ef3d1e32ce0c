import type { LineSource } from './line.ts'

/**
 * What a breaker uses that names no storage. Only `resilient-circuit/auto` sets it, once, at start.
 */
export const defaults: { storage?: () => LineSource } = {}
