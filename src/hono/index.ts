/**
 * @module
 * Circuit breaker middleware for Hono.
 */
import type { CircuitBreakerVariables } from './circuit-breaker.ts'

export type { RejectionOptions } from '../http/rejection.ts'
export type { StorageSource } from '../http/storage-source.ts'
export type { UnknownEnv } from '../http/unknown-env.ts'
export { type CircuitBreakerVariables, circuitBreaker } from './circuit-breaker.ts'
export type { CircuitBreakerOptions } from './options.ts'

declare module 'hono' {
  interface ContextVariableMap extends CircuitBreakerVariables {}
}
