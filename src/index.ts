/**
 * Circuit breaker, retry and safety net, on any runtime: no dependency, no Node API.
 * @module
 */

export type { Background } from './breaker/background.ts'
export type { CallContext, CallOptions, CallPolicy, Policy } from './breaker/call.ts'
export { CircuitProtectorPolicy } from './breaker/circuit-protector.ts'
export {
  type CallResult,
  CallTimeoutError,
  type Classification,
  type Outcome,
} from './breaker/classify.ts'
export type { ExecutionLog } from './breaker/execution-log.ts'
export type { Dropped, StatusChange } from './breaker/listener.ts'
export type { Notice } from './breaker/notice.ts'
export type { CircuitProtectorOptions, Hooks, OutcomeEvent } from './breaker/options.ts'
export type { Permit } from './breaker/permit.ts'
export type { Consistency, ReplicaOptions } from './breaker/replica-options.ts'
export type { Backoff } from './core/backoff.ts'
export type { Duration } from './core/duration.ts'
export { InvalidOptionError, ResilientCircuitError } from './core/errors.ts'
export type { Transition } from './core/event.ts'
export { type FailureRate, type Fraction, failureRate, fraction } from './core/limits.ts'
export type { Operator, TimedOperator } from './core/orders.ts'
export { ProtectedCallError, type RejectionReason } from './core/rejection.ts'
export type { Cooldown, Settings } from './core/settings.ts'
export type { Snapshot } from './core/snapshot.ts'
export { type Cause, CircuitState, type Override, type OverrideKind } from './core/state.ts'
export { asCockatiel, type CockatielEvent, type CockatielPolicy } from './policies/as-cockatiel.ts'
export { ExponentialDelay, type ExponentialDelayOptions, FixedDelay } from './policies/backoff.ts'
export { protect } from './policies/decorator.ts'
export {
  DecorrelatedJitter,
  type DecorrelatedJitterOptions,
} from './policies/decorrelated-jitter.ts'
export { type FallbackOptions, FallbackPolicy } from './policies/fallback.ts'
export { RetryWithBackoffPolicy } from './policies/retry.ts'
export { type RetryBudget, type RetryBudgetOptions, retryBudget } from './policies/retry-budget.ts'
export { RetryLimitReached, type RetryStop } from './policies/retry-limit.ts'
export type {
  GiveUpEvent,
  RetryContext,
  RetryEvent,
  RetryRuntime,
  RetryWithBackoffOptions,
} from './policies/retry-options.ts'
export { retryableResponse } from './policies/retryable-response.ts'
export { SafetyNet, type SafetyNetOptions } from './policies/safety-net.ts'
export type { BreakerView } from './policies/strain.ts'
export { type TimeoutOptions, TimeoutPolicy } from './policies/timeout.ts'
