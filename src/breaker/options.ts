import {
  checkedChoice,
  checkedFlag,
  checkFunctions,
  checkKnown,
  type Names,
} from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { checkedKey } from '../core/key.ts'
import type { ProtectedCallError } from '../core/rejection.ts'
import { DAY_MS, resolveSettings, type Settings, type SettingsOptions } from '../core/settings.ts'
import type { CircuitState } from '../core/state.ts'
import { type Background, resolveBackground } from './background.ts'
import type { CircuitProtectorPolicy } from './circuit-protector.ts'
import { byFields, type CallResult, type Classification, type Outcome } from './classify.ts'
import { defaults } from './defaults.ts'
import type { LineSource } from './line.ts'
import type { Dropped, StatusChange } from './listener.ts'
import { type OnNotice, warn } from './notice.ts'
import {
  type ReplicaOptions,
  type ResolvedReplicaOptions,
  resolveReplicaOptions,
} from './replica-options.ts'
import type { Runtime } from './runtime.ts'
import { resolveRuntime } from './system-runtime.ts'

/** What `onOutcome` is told. */
export interface OutcomeEvent {
  readonly outcome: Outcome
  /** How long the call took, in milliseconds. */
  readonly durationMs: number
  /** True where a success became a failure because it took longer than `slowCallDuration`. */
  readonly slow: boolean
  readonly error?: unknown
}

/**
 * What a breaker tells. A hook may steer its breaker, for nothing in the breaker waits for hooks. A
 * promise that a hook returns is kept alive like the breaker's own background work, for at most
 * five seconds. A hook that fails is reported to `onNotice`.
 */
export interface Hooks {
  /**
   * The status of this breaker changed, as seen from here. For alerts that must not be lost read
   * the history.
   */
  readonly onStatusChange?:
    | ((
        policy: CircuitProtectorPolicy,
        oldStatus: CircuitState,
        newStatus: CircuitState,
        event: StatusChange,
      ) => unknown)
    | undefined
  /** A call was rejected. */
  readonly onReject?:
    | ((policy: CircuitProtectorPolicy, rejection: ProtectedCallError) => unknown)
    | undefined
  /** `METRICS_ONLY` let a call through that would have been rejected. */
  readonly onWouldReject?: ((policy: CircuitProtectorPolicy) => unknown) | undefined
  /** A call ended. */
  readonly onOutcome?:
    | ((policy: CircuitProtectorPolicy, event: OutcomeEvent) => unknown)
    | undefined
  /** The storage stopped answering. */
  readonly onDegraded?: ((policy: CircuitProtectorPolicy, error: unknown) => unknown) | undefined
  /** The storage answers again. */
  readonly onRecovered?: ((policy: CircuitProtectorPolicy) => unknown) | undefined
  /** Outcomes were lost to the storage, and why. */
  readonly onDropped?: ((policy: CircuitProtectorPolicy, dropped: Dropped) => unknown) | undefined
  /** Something a developer should know. Default: a warning on the console. */
  readonly onNotice?: OnNotice | undefined
}

export interface CircuitProtectorOptions extends SettingsOptions, ReplicaOptions, Hooks {
  /** What is protected: 1 to 255 characters. Required with shared storage. */
  readonly resourceKey?: string | undefined
  /** Isolates tenants, environments, test runs. Default: the storage's own, else `'default'`. */
  readonly namespace?: string | undefined
  /** Where its state lives. Default: in this breaker itself. */
  readonly storage?: LineSource | undefined
  /**
   * Which errors are failures; any other error is an answer, and counts as a success. Default: all.
   */
  readonly shouldHandle?: ((error: unknown) => boolean) | undefined
  /** Decides in full, on values and errors alike; undefined leaves it to the rules above. */
  readonly classify?: ((result: CallResult) => Classification | undefined) | undefined
  /**
   * Is a returned object that has both `success` and `error` judged by them? It is a failure then
   * where `success` is false, unless `shouldHandle` says otherwise of its `error`. `classify` is
   * asked first. Default false: what is returned is a success.
   */
  readonly judgeResults?: boolean | undefined
  /** A success that takes longer is a failure, 1 ms to 24 h. Default: none is. */
  readonly slowCallDuration?: Duration | undefined
  /** A call that takes longer is given up, and is a failure, 1 ms to 24 h. Default: none is. */
  readonly timeout?: Duration | undefined
  /**
   * What a dependency's wish to be left alone does: `'extend'` (default) counts as a failure and
   * lengthens the cooldown where that failure trips, `'open'` trips at once. It never shortens a
   * cooldown.
   */
  readonly retryAfter?: 'extend' | 'open' | undefined
  /** The longest such wish that is heeded, 1 ms to 24 h. Default `'1h'`. */
  readonly maxRetryAfter?: Duration | undefined
  readonly background?: Background | undefined
  /** Clock, chance and waiting, for tests and simulations. Default: the system's. */
  readonly runtime?: Runtime | undefined
}

export interface ResolvedOptions {
  readonly id: { readonly resourceKey: string; readonly namespace: string }
  readonly storage: LineSource | undefined
  readonly settings: Settings
  readonly replica: ResolvedReplicaOptions
  readonly shouldHandle: CircuitProtectorOptions['shouldHandle']
  readonly classify: CircuitProtectorOptions['classify']
  readonly slowMs: number
  readonly timeoutMs: number | undefined
  readonly tripOnRetryAfter: boolean
  readonly maxRetryAfterMs: number
  readonly background: Background
  readonly runtime: Required<Runtime>
  readonly onNotice: OnNotice
}

/** @throws {InvalidOptionError} naming the option, its range and the value */
export function resolveOptions(options: CircuitProtectorOptions): ResolvedOptions {
  checkKnown(options, OPTIONS)
  checkFunctions(options, HOOKS)
  const onNotice = options.onNotice ?? warn
  const runtime = resolveRuntime(options.runtime, onNotice)
  const storage = options.storage ?? defaults.storage?.()
  if (storage !== undefined && typeof storage.line !== 'function')
    throw new InvalidOptionError('storage', 'a circuit storage', storage)
  if (options.resourceKey === undefined && storage?.shared)
    throw new InvalidOptionError('resourceKey', 'given where the storage is shared', undefined)
  const settings = resolveSettings(options)
  const optional = (option: 'slowCallDuration' | 'timeout') =>
    options[option] === undefined
      ? undefined
      : toMilliseconds(option, options[option], { min: 1, max: DAY_MS })
  return {
    id: {
      resourceKey: checkedKey('resourceKey', options.resourceKey ?? 'anonymous'),
      namespace: checkedKey('namespace', options.namespace ?? storage?.namespace ?? 'default'),
    },
    storage,
    settings,
    replica: resolveReplicaOptions(options, settings, storage?.shared ?? false),
    shouldHandle: options.shouldHandle,
    classify: checkedFlag('judgeResults', options.judgeResults)
      ? byFields(options.classify, options.shouldHandle ?? (() => true))
      : options.classify,
    slowMs: optional('slowCallDuration') ?? Number.POSITIVE_INFINITY,
    timeoutMs: optional('timeout'),
    tripOnRetryAfter:
      checkedChoice('retryAfter', options.retryAfter ?? 'extend', ['extend', 'open']) === 'open',
    maxRetryAfterMs: toMilliseconds('maxRetryAfter', options.maxRetryAfter ?? '1h', {
      min: 1,
      max: DAY_MS,
    }),
    background: resolveBackground(options.background),
    runtime,
    onNotice,
  }
}

/** Every option of a breaker. */
export const OPTIONS: Names<CircuitProtectorOptions> = {
  resourceKey: 1,
  namespace: 1,
  storage: 1,
  failureLimit: 1,
  successLimit: 1,
  cooldown: 1,
  reporters: 1,
  probeConcurrency: 1,
  probeLease: 1,
  consistency: 1,
  onStale: 1,
  storageTimeout: 1,
  operationTimeout: 1,
  whenDegraded: 1,
  maxBuffered: 1,
  maxOutcomeAge: 1,
  shouldHandle: 1,
  classify: 1,
  judgeResults: 1,
  slowCallDuration: 1,
  timeout: 1,
  retryAfter: 1,
  maxRetryAfter: 1,
  background: 1,
  runtime: 1,
  onStatusChange: 1,
  onReject: 1,
  onWouldReject: 1,
  onOutcome: 1,
  onDegraded: 1,
  onRecovered: 1,
  onDropped: 1,
  onNotice: 1,
}

const HOOKS = [
  'shouldHandle',
  'classify',
  'onStatusChange',
  'onReject',
  'onWouldReject',
  'onOutcome',
  'onDegraded',
  'onRecovered',
  'onDropped',
  'onNotice',
] as const
