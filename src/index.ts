/**
 * Circuit breaker, retry and safety net, on any runtime: no dependency, no Node API.
 * @module
 */
export type { Backoff } from './core/backoff.ts'
export type { Duration } from './core/duration.ts'
export { InvalidOptionError, ResilientCircuitError } from './core/errors.ts'
export type { Transition } from './core/event.ts'
export { type FailureRate, type Fraction, failureRate, fraction } from './core/limits.ts'
export { ProtectedCallError, type RejectionReason } from './core/rejection.ts'
export type { Cooldown, Settings } from './core/settings.ts'
export type { Snapshot } from './core/snapshot.ts'
export { type Cause, CircuitState, type Override, type OverrideKind } from './core/state.ts'
export { asCockatiel, type CockatielEvent, type CockatielPolicy } from './policies/as-cockatiel.ts'
export type { Background } from './policies/background.ts'
export { ExponentialDelay, type ExponentialDelayOptions, FixedDelay } from './policies/backoff.ts'
export type { CallContext, CallOptions, CallPolicy, Policy } from './policies/call.ts'
export {
  CircuitProtectorPolicy,
  type Operator,
  type TimedOperator,
} from './policies/circuit-protector.ts'
export {
  type CallResult,
  CallTimeoutError,
  type Classification,
  type Outcome,
} from './policies/classify.ts'
export { protect } from './policies/decorator.ts'
export type { ExecutionLog } from './policies/execution-log.ts'
export type { Notice } from './policies/notice.ts'
export type { CircuitProtectorOptions, Hooks, OutcomeEvent } from './policies/options.ts'
export type { Permit } from './policies/permit.ts'
export {
  type RetryEvent,
  RetryLimitReached,
  type RetryRuntime,
  type RetryWithBackoffOptions,
  RetryWithBackoffPolicy,
} from './policies/retry.ts'
export { SafetyNet, type SafetyNetOptions } from './policies/safety-net.ts'
export type { Dropped, StatusChange } from './replica/listener.ts'
export type { Consistency, ReplicaOptions } from './replica/options.ts'
export { InMemoryStorage, type InMemoryStorageOptions } from './storage/memory.ts'
export type {
  AcquireRequest,
  Admission,
  BreakerId,
  BreakerPage,
  BreakerSummary,
  CircuitStorage,
  ControlRequest,
  Exchanged,
  ExchangeRequest,
  HistoryQuery,
  ListQuery,
  Page,
  Pruned,
  PruneQuery,
  StorageCallOptions,
} from './storage/port.ts'
