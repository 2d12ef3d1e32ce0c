import type { HalfOpen } from './state.ts'

/**
 * A probe's token is the end of its lease in microseconds of the storage's clock, made unique by counting on: identity and expiry in
 * one number. The end of a lease only frees its place; the token stays listed, so that a late result still counts, once.
 */
const MICROS = 1_000
/** How many tokens whose lease ended stay listed, waiting for a late result. */
const KEPT_ENDED = 128

/** Does this lease still hold its place? An end further ahead than the longest lease means that the clock stepped back. */
export function isLive(token: number, leaseMs: number, now: number): boolean {
  const left = Math.floor(token / MICROS) - now
  return left > 0 && left <= leaseMs
}

export function liveLeases(state: HalfOpen, now: number): number[] {
  return state.leases.filter((token) => isLive(token, state.leaseMs, now))
}

/** How long until the next place is freed by a lease's end, in milliseconds. */
export function nextFreeMs(state: HalfOpen, now: number): number {
  const live = liveLeases(state, now)
  return live.length === 0 ? 0 : Math.floor(Math.min(...live) / MICROS) - now
}

/** The state with one more probe out, and its token. */
export function granted(
  state: HalfOpen,
  leaseMs: number,
  now: number,
): { state: HalfOpen; token: number } {
  const longest = Math.max(state.leaseMs, leaseMs)
  const ended = state.leases.filter((token) => !isLive(token, longest, now))
  const forgotten = new Set(ended.slice(0, Math.max(0, ended.length - KEPT_ENDED)))
  const kept = state.leases.filter((token) => !forgotten.has(token))
  let token = (now + leaseMs) * MICROS
  while (kept.includes(token)) token++
  return { state: { ...state, leases: [...kept, token], leaseMs: longest }, token }
}
