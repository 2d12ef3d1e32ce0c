import { checkedChoice, checkedInteger, checkKnown } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { DAY_MS, type Settings } from '../core/settings.ts'

/**
 * `'strong'` asks the storage at each admission and reports each outcome; `{ maxStaleness }`
 * decides on a view at most so old.
 */
export type Consistency = 'strong' | { readonly maxStaleness: Duration }

/** How one isolate uses the storage. */
export interface ReplicaOptions {
  /**
   * Default: `{ maxStaleness: '5s' }` on a shared storage, `'strong'` in memory. `maxStaleness` is
   * 100 ms to 1 h.
   */
  readonly consistency?: Consistency | undefined
  /**
   * What a call does that finds its view too old: wait for a fresh one (at most `storageTimeout`),
   * or go on. Default `'wait'`.
   */
  readonly onStale?: 'wait' | 'admit' | undefined
  /**
   * How long a call waits for the storage, 1 ms to 1 min. The operation goes on behind it. Default
   * `'500ms'`.
   */
  readonly storageTimeout?: Duration | undefined
  /** When an operation without an answer counts as failed, 1 ms to 10 min. Default `'5s'`. */
  readonly operationTimeout?: Duration | undefined
  /**
   * While the storage does not answer: run on local state, let all calls through, or reject them.
   * Default `'local'`.
   */
  readonly whenDegraded?: 'local' | 'allow' | 'reject' | undefined
  /**
   * How many outcomes wait for the storage at most, 1 to 100,000; the oldest are dropped, and
   * reported to `onDropped`. Default 1,000.
   */
  readonly maxBuffered?: number | undefined
  /**
   * Outcomes older than this are no longer sent, but dropped and reported, 1 s to 24 h. Default
   * `'30s'`, or the time window where that is longer.
   */
  readonly maxOutcomeAge?: Duration | undefined
}

export interface ResolvedReplicaOptions {
  /** 0: strong. */
  readonly maxStalenessMs: number
  readonly onStale: 'wait' | 'admit'
  readonly storageTimeoutMs: number
  readonly operationTimeoutMs: number
  readonly whenDegraded: 'local' | 'allow' | 'reject'
  readonly maxBuffered: number
  readonly maxOutcomeAgeMs: number
  /** Do other isolates report to the same storage? */
  readonly shared: boolean
}

/** @throws {InvalidOptionError} naming the option, its range and the value */
export function resolveReplicaOptions(
  options: ReplicaOptions,
  settings: Settings,
  shared: boolean,
): ResolvedReplicaOptions {
  const windowMs = 'bucketMs' in settings.trip ? settings.trip.bucketMs * 10 : 0
  const storageTimeoutMs = toMilliseconds('storageTimeout', options.storageTimeout ?? '500ms', {
    min: 1,
    max: 60_000,
  })
  const operationTimeoutMs = toMilliseconds('operationTimeout', options.operationTimeout ?? '5s', {
    min: 1,
    max: 600_000,
  })
  return {
    shared,
    maxStalenessMs: staleness(options.consistency ?? (shared ? { maxStaleness: '5s' } : 'strong')),
    onStale: checkedChoice('onStale', options.onStale ?? 'wait', ['wait', 'admit']),
    storageTimeoutMs: Math.min(storageTimeoutMs, operationTimeoutMs),
    operationTimeoutMs,
    whenDegraded: checkedChoice('whenDegraded', options.whenDegraded ?? 'local', [
      'local',
      'allow',
      'reject',
    ]),
    maxBuffered: checkedInteger('maxBuffered', options.maxBuffered ?? 1_000, 1, 100_000),
    maxOutcomeAgeMs: toMilliseconds(
      'maxOutcomeAge',
      options.maxOutcomeAge ?? Math.max(30_000, windowMs),
      {
        min: 1_000,
        max: DAY_MS,
      },
    ),
  }
}

function staleness(consistency: Consistency): number {
  if (consistency === 'strong') return 0
  if (typeof consistency !== 'object' || consistency === null) {
    throw new InvalidOptionError('consistency', "'strong' or { maxStaleness }", consistency)
  }
  checkKnown(consistency, { maxStaleness: 1 })
  return toMilliseconds('consistency.maxStaleness', consistency.maxStaleness, {
    min: 100,
    max: 3_600_000,
  })
}
