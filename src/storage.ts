/**
 * Where breakers live: storage in memory, for tests and for processes that share nothing, and the
 * port that a storage of your own implements.
 * @module
 */

export type { Line, LineOptions, LineSource } from './breaker/line.ts'
export type { Command, Order, Report, Verdict } from './core/event.ts'
export type {
  BreakerId,
  BreakerPage,
  BreakerSummary,
  HistoryQuery,
  ListQuery,
  Page,
  Pruned,
  PruneQuery,
  StorageCallOptions,
} from './fleet/admin.ts'
export { InMemoryStorage, type InMemoryStorageOptions } from './fleet/memory.ts'
export type {
  AcquireRequest,
  Admission,
  CircuitStorage,
  ControlRequest,
  Exchanged,
  ExchangeRequest,
} from './fleet/port.ts'
export { sharedLine } from './fleet/shared-line.ts'
