import { reconcile } from '../core/foreign.ts'
import type { Settings } from '../core/settings.ts'
import { type Snapshot, snapshotOf } from '../core/snapshot.ts'
import {
  BLANK,
  type BreakerState,
  type Buckets,
  type Cause,
  type CircuitState,
  type Override,
  type OverrideKind,
  type Reporters,
  type StoredState,
  type Traffic,
} from '../core/state.ts'
import type { BreakerId } from '../fleet/admin.ts'

/** A row as `snapshotSql` tells it. */
export interface RowJson {
  readonly resource_key: string
  readonly namespace: string
  readonly state: CircuitState
  readonly generation: number
  readonly previous_generation: number
  readonly version: number
  readonly failure_count: number
  readonly open_until: number | null
  readonly cooldown_ms: number
  readonly log: string
  readonly opens: number
  readonly cause: Cause | null
  readonly leases: readonly number[]
  readonly lease_ms: number
  readonly bucket: number
  readonly bucket_ms: number
  readonly bucket_successes: readonly number[]
  readonly bucket_failures: readonly number[]
  readonly override: OverrideKind | null
  readonly override_until: number | null
  readonly override_ms: number | null
  readonly override_actor: string | null
  readonly override_reason: string | null
  readonly would_reject: number
  readonly settings: Settings | null
  readonly seen: readonly number[]
  readonly seen_at: readonly number[]
  readonly failures: number
  readonly failed: readonly number[]
  readonly failed_nth: readonly number[]
  readonly alone: readonly number[]
  readonly alone_until: readonly number[]
  readonly calls_bucket: number
  readonly calls_ms: number
  readonly calls: readonly number[]
  readonly tells: readonly number[]
  readonly calls_first: number
  readonly accounted_at: number
  readonly recently_failed: number
  readonly credit: number
  readonly updated_at: number
  /** Only where a mere read asks for it; null where another program left it out. */
  readonly created_at?: number | null
  readonly since: number | null
  /** Where another program wrote the row: what we had last written, and whether it wrote its window along. */
  readonly foreign: {
    readonly state: CircuitState
    readonly open_until: number | null
    readonly window: boolean
  } | null
}

/** A row, or the lack of one, as a snapshot. */
export function toSnapshot(
  row: RowJson | null,
  { resourceKey, namespace }: BreakerId,
  at: number,
): Snapshot {
  return snapshotOf(row === null ? BLANK : storedState(row, at), resourceKey, namespace, at)
}

/** A foreign write is read as the next statement that writes will take it in, or undo it. */
function storedState(row: RowJson, at: number): StoredState {
  const own = row.foreign === null ? row : { ...row, ...row.foreign }
  const state = { ...stateOf(own), flushIds: row.since === null ? [] : [row.since] }
  if (row.foreign === null) return state
  const { state: status, failure_count: failureCount, open_until: openUntil } = row
  const { window } = row.foreign
  return reconcile(state, { status, failureCount, openUntil, window }, at)
}

function stateOf(row: RowJson): BreakerState {
  const common = {
    generation: row.generation,
    previousGeneration: row.previous_generation,
    version: row.version,
    log: row.log,
    failureCount: row.failure_count,
    opens: row.opens,
    cause: row.cause,
    override: overrideOf(row),
    wouldReject: row.would_reject,
    settings: row.settings,
    reporters: reportersOf(row),
    traffic: trafficOf(row),
    updatedAt: row.updated_at,
  }
  switch (row.state) {
    case 'CLOSED':
      return { ...common, status: 'CLOSED', buckets: bucketsOf(row) }
    case 'OPEN':
      return {
        ...common,
        status: 'OPEN',
        openUntil: row.open_until ?? 0,
        cooldownMs: row.cooldown_ms,
      }
    case 'HALF_OPEN':
      return { ...common, status: 'HALF_OPEN', leases: row.leases, leaseMs: row.lease_ms }
  }
}

function reportersOf(row: RowJson): Reporters {
  return {
    seen: row.seen.map((id, i) => ({ id, at: row.seen_at[i]! })),
    failures: row.failures,
    failed: row.failed.map((id, i) => ({ id, nth: row.failed_nth[i]! })),
    alone: row.alone.map((id, i) => ({ id, until: row.alone_until[i]! })),
  }
}

function trafficOf(row: RowJson): Traffic {
  const counts = {
    newest: row.calls_bucket,
    widthMs: row.calls_ms,
    successes: row.calls,
    failures: row.tells,
  }
  return {
    counts: row.calls_ms === 0 ? null : counts,
    first: row.calls_first,
    at: row.accounted_at,
    failed: row.recently_failed,
    credit: row.credit,
  }
}

function overrideOf(row: RowJson): Override | null {
  if (row.override === null) return null
  return {
    kind: row.override,
    until: row.override_until,
    durationMs: row.override_ms,
    actor: row.override_actor,
    reason: row.override_reason,
  }
}

function bucketsOf(row: RowJson): Buckets | null {
  if (row.bucket_ms === 0) return null
  return {
    newest: row.bucket,
    widthMs: row.bucket_ms,
    successes: row.bucket_successes,
    failures: row.bucket_failures,
  }
}
