import type { RejectionReason } from '../core/rejection.ts'

/** The right to make one call. */
export interface Grant {
  readonly generation: number
  /** The token of a probe. */
  readonly token: number | null
  /** False where the outcome is not to be recorded: an operator said so. */
  readonly recorded: boolean
  /** True where the storage knows nothing of this generation: the outcome stays in this isolate. */
  readonly local: boolean
  /** True where `METRICS_ONLY` let a call through that would have been rejected. */
  readonly wouldReject: boolean
}

export interface Rejection {
  readonly reason: RejectionReason
  readonly retryAfterMs: number | null
}

/** What a view can say of a call without the storage; `'ask'`: only the storage can. */
export type Decision = Grant | Rejection | 'ask'

export const recorded = (generation: number, token: number | null = null): Grant => ({
  generation,
  token,
  recorded: true,
  local: false,
  wouldReject: false,
})

export const unrecorded = (generation: number, wouldReject: boolean): Grant => ({
  generation,
  token: null,
  recorded: false,
  local: false,
  wouldReject,
})
