/**
 * A `fetch` that knows when to stop, for every runtime that has one.
 * @module
 */
export { type RejectionOptions, rejectionResponse } from '../http/rejection.ts'
export type { FetchFunction, FetchRequest, ProtectFetchOptions } from './options.ts'
export { type Protect, protectFetch, type RequestLifetime } from './protect-fetch.ts'
