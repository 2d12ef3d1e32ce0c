/**
 * For tests: the suite that every storage passes, and a clock that stands still.
 * @module
 */
export { FakeClock } from './clock.ts'
export type { StorageUnderTest } from './conformance/lab.ts'
export { type TestRunner, testCircuitStorage } from './conformance.ts'
export * from './simulator/index.ts'
