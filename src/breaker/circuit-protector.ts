import { checkKnown, type Names } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { InvalidOptionError } from '../core/errors.ts'
import type { Order } from '../core/event.ts'
import { checkedKey } from '../core/key.ts'
import type { FailureRate, Fraction } from '../core/limits.ts'
import { ProtectedCallError } from '../core/rejection.ts'
import { DAY_MS } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { CircuitState, OverrideKind } from '../core/state.ts'
import type { Batch } from '../fleet/batch.ts'
import { replicaOf } from '../fleet/registry.ts'
import type { Replica } from '../fleet/replica.ts'
import { type Sequel, View } from '../fleet/view.ts'
import {
  CALL_OPTIONS,
  type CallContext,
  type CallOptions,
  type CallPolicy,
  callOptions,
  checkCallOptions,
  checkFunction,
  wrapWith,
} from './call.ts'
import {
  type CallResult,
  CallTimeoutError,
  type Classification,
  classified,
  defaultOutcome,
  isGivenUp,
  yesOrNo,
} from './classify.ts'
import { ExecutionLog, sinceFailures } from './execution-log.ts'
import { type Grant, type Rejection, unrecorded } from './grant.ts'
import { HookRunner } from './hooks.ts'
import { Keeper } from './keeper.ts'
import { limitsOf } from './limits-of.ts'
import { type Frame, Nesting, runWithin } from './nesting.ts'
import { hookFailed } from './notice.ts'
import { type CircuitProtectorOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { NOTHING_TO_SETTLE, type Permit, SinglePermit } from './permit.ts'
import { unlessAborted, within } from './runtime.ts'
import { withTimeLimit } from './time-limit.ts'

/** An operator's command in words: who gives it, and why. 1 to 255 characters each. */
export interface Operator {
  readonly actor?: string | undefined
  readonly reason?: string | undefined
}

/** With an end: 1 ms to 30 days; without: until lifted. */
export interface TimedOperator extends Operator {
  readonly for?: Duration | undefined
}

/** The patience of a call that has not waited for the storage yet. */
const ALL = Number.POSITIVE_INFINITY
const OPERATOR: Names<Operator> = { actor: 1, reason: 1 }
const TIMED_OPERATOR: Names<TimedOperator> = { ...OPERATOR, for: 1 }
const ACQUIRE = { ...CALL_OPTIONS, lease: 1 }
const LONGEST_ORDER_MS = 30 * DAY_MS
const NO_CALL: CallOptions = {}

/**
 * A circuit breaker: stops calling a dependency that fails, and probes it back to life. With a shared storage it is one breaker for
 * the whole fleet. Nygard's pattern ("Release It!"), with the vocabulary of the Python library Resilient Circuit.
 */
export class CircuitProtectorPolicy implements CallPolicy {
  readonly acceptsCallOptions: true = true
  readonly resourceKey: string
  readonly namespace: string
  /** When it trips; frozen. */
  readonly failureLimit: Fraction | FailureRate
  /** When it closes again: how many successes, among how many probes; frozen. */
  readonly successLimit: Fraction
  /** How long it stays open, in milliseconds; where that grows with consecutive opens, the first time. */
  readonly cooldown: number
  readonly #options: ResolvedOptions
  readonly #hooks: HookRunner
  readonly #view: View
  readonly #replica: Replica
  readonly #nesting: Nesting
  readonly #keeper: Keeper
  readonly #now: () => number
  readonly #monotonic: () => number
  /** Does anybody want to know how long a call took? */
  readonly #measures: boolean
  /** Does anybody want to know more of a call that returned than that it did? */
  readonly #judgesValues: boolean

  /** @throws {InvalidOptionError} naming the option, its range and the value. Does no I/O: a breaker may stand at module scope. */
  constructor(options: CircuitProtectorOptions = {}) {
    this.#options = resolveOptions(options)
    const { id, storage, settings, replica, runtime, onNotice } = this.#options
    this.resourceKey = id.resourceKey
    this.namespace = id.namespace
    const { failureLimit, successLimit, cooldown } = limitsOf(settings)
    this.failureLimit = failureLimit
    this.successLimit = successLimit
    this.cooldown = cooldown
    this.#hooks = new HookRunner(this, options, onNotice, runtime)
    this.#view = new View(id, settings, replica, this.#hooks, runtime)
    this.#replica = replicaOf(storage, runtime)
    this.#replica.add(this.#view)
    this.#nesting = new Nesting(storage, id)
    this.#keeper = new Keeper(this.#options.background, onNotice)
    this.#now = runtime.now
    this.#monotonic = runtime.monotonic
    this.#measures =
      this.#options.slowMs < Number.POSITIVE_INFINITY || options.onOutcome !== undefined
    this.#judgesValues = this.#measures || this.#options.classify !== undefined
    if (storage.shared && options.failureLimit === undefined) {
      this.#hooks.notice({
        code: 'SINGLE_FAILURE_TRIPS',
        message: `${JSON.stringify(id.resourceKey)} has no failureLimit: a single failure stops the whole fleet. Say fraction(1, 1) if that is meant`,
      })
    }
  }

  /** This instance's view; no I/O. */
  get status(): CircuitState {
    return this.#view.state.status
  }

  /** This instance's view of the newest outcomes, its own unsent ones included; no I/O. */
  get executionLog(): ExecutionLog {
    const { trip, probes } = this.#options.settings
    const { log, state } = this.#view
    const size = state.status === 'HALF_OPEN' ? probes : 'outOf' in trip ? trip.outOf : trip.minimum
    if (state.status === 'HALF_OPEN' || 'outOf' in trip) {
      return new ExecutionLog(log.slice(-size), size)
    }
    // The row's log has outcomes of any age: those that opened the breaker begin with the first failure that counted.
    if (state.status === 'OPEN')
      return new ExecutionLog(sinceFailures(log, state.failureCount), size)
    return new ExecutionLog(this.#view.window(trip.bucketMs, this.#now()), size)
  }

  /** What the storage last said; null before its first answer. */
  get snapshot(): Snapshot | null {
    return this.#view.snapshot
  }

  /**
   * Calls `fn` if the breaker admits it, and records how it ended. A call that begins within another
   * call of this breaker is part of that one, and does not count: see `CallOptions.within`.
   * @throws {ProtectedCallError} where the breaker rejects; else whatever `fn` throws
   * @throws {CallTimeoutError} where `fn` takes longer than `timeout`
   * @throws {TypeError} where `fn` is no function, or a generator function: then nothing is counted
   */
  async execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions?: AbortSignal | CallOptions,
  ): Promise<T> {
    checkFunction(fn)
    const call = callOptions(signalOrOptions)
    if (call.signal !== undefined) call.signal.throwIfAborted()
    const outer = this.#nesting.outer(call)
    if (outer !== undefined && this.#isPartOf(outer)) return this.#run(outer, fn, call)
    const started = this.#now()
    let patience = ALL
    let grant = this.#freshGrant(started, call)
    if (grant === null) {
      grant = await this.#admit(call, undefined)
      patience = this.#patience(started)
    }
    const ended = this.#begun(grant, call)
    const since = this.#measures ? this.#monotonic() : 0
    let value: T
    try {
      value = await this.#run(this.#nesting.frame(outer), fn, call)
    } catch (error) {
      const settling = this.#settle(grant, { ok: false, error }, since, call, patience)
      ended?.(error)
      if (settling !== undefined) await settling
      throw error
    }
    const settling =
      this.#judgesValues || call.classify !== undefined
        ? this.#settle(grant, { ok: true, value }, since, call, patience)
        : this.#report(this.#view.succeed(grant, started), started, call, patience)
    ended?.()
    if (settling !== undefined) await settling
    return value
  }

  /** The same function, protected: keeps its arguments, `this`, name and types. */
  wrap<This, Args extends unknown[], R>(
    fn: (this: This, ...args: Args) => PromiseLike<R> | R,
  ): (this: This, ...args: Args) => Promise<R> {
    return wrapWith(this, fn)
  }

  /**
   * The two-step form: asks for the right to make one call, which is settled later.
   * @param options.lease - how long a probe may stay unsettled, 1 ms to 24 h; default `probeLease`
   * @throws {ProtectedCallError} where the breaker rejects
   */
  async acquire(
    options: CallOptions & { readonly lease?: Duration | undefined } = {},
  ): Promise<Permit> {
    checkCallOptions(options, ACQUIRE)
    const leaseMs =
      options.lease === undefined
        ? undefined
        : toMilliseconds('lease', options.lease, { min: 1, max: DAY_MS })
    options.signal?.throwIfAborted()
    const outer = this.#nesting.outer(options)
    if (outer !== undefined && this.#isPartOf(outer))
      return new SinglePermit(this.#view.state.generation, false, NOTHING_TO_SETTLE)
    const started = this.#now()
    const grant = this.#freshGrant(started, options) ?? (await this.#admit(options, leaseMs))
    const patience = this.#patience(started)
    const ended = this.#begun(grant, NO_CALL)
    const since = this.#measures ? this.#monotonic() : 0
    return new SinglePermit(grant.generation, grant.token !== null, {
      settle: (result) => {
        ended?.(result.ok ? undefined : result.error)
        return this.#settle(grant, result, since, options, patience)
      },
      release: () => {
        ended?.()
        return this.#release(grant, options, patience)
      },
    })
  }

  /** Sends what waits, and reads. @returns what the storage says. Rejects where it does not answer. */
  async refresh(): Promise<Snapshot> {
    return this.#direct(this.#replica.refresh(this.#view))
  }

  /** Ends when all buffered outcomes are stored, or kept because the storage does not answer. Does not wait for hooks. */
  async flush(): Promise<void> {
    await this.#direct(this.#replica.flushAll(this.#view))
  }

  /** Ends when no hook of this breaker is running, at the latest after five seconds. For programs that end themselves. */
  async settled(): Promise<void> {
    await this.#hooks.settled()
  }

  /** Sends what waits, and takes no more part in this isolate's exchanges. What the storage does not take then, `onDropped` is told of. */
  async dispose(): Promise<void> {
    await this.flush()
    this.#replica.remove(this.#view)
    this.abandon()
  }

  /** Forgets what waits for the storage, and tells `onDropped` of it. For programs that end themselves, after {@link flush}. */
  abandon(): void {
    this.#view.outbox.abandon()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  /** Opens the breaker for its cooldown. */
  async open(operator: Operator = {}): Promise<Snapshot> {
    return this.#command(
      { command: 'open', cooldownMs: this.#options.settings.cooldownMs },
      operator,
    )
  }

  /** Closes the breaker, and lifts what overrides it. */
  async close(operator: Operator = {}): Promise<Snapshot> {
    return this.#command({ command: 'close' }, operator)
  }

  /** Holds the breaker open, for a time or until lifted; then probes decide. */
  async isolate(options: TimedOperator = {}): Promise<Snapshot> {
    return this.override('FORCED_OPEN', options)
  }

  /** `DISABLED` lets all calls through and records nothing, `METRICS_ONLY` records and rejects nothing, null lifts what stands. */
  async override(override: OverrideKind | null, options: TimedOperator = {}): Promise<Snapshot> {
    if (
      override !== null &&
      override !== 'FORCED_OPEN' &&
      override !== 'DISABLED' &&
      override !== 'METRICS_ONLY'
    ) {
      throw new InvalidOptionError(
        'override',
        "'FORCED_OPEN', 'DISABLED', 'METRICS_ONLY' or null",
        override,
      )
    }
    const forMs =
      options.for === undefined
        ? null
        : toMilliseconds('for', options.for, { min: 1, max: LONGEST_ORDER_MS })
    return this.#command({ command: 'override', override, forMs }, options, TIMED_OPERATOR)
  }

  /** Closed, an empty log, no override, no consecutive opens. */
  async reset(operator: Operator = {}): Promise<Snapshot> {
    return this.#command({ command: 'reset' }, operator)
  }

  async #command(order: Order, operator: Operator, known: object = OPERATOR): Promise<Snapshot> {
    checkKnown(operator, known)
    const { actor, reason } = operator
    const word = (option: string, value: string | undefined) =>
      value === undefined ? null : checkedKey(option, value)
    return this.#direct(
      this.#replica.control(this.#view, {
        order,
        actor: word('actor', actor),
        reason: word('reason', reason),
      }),
    )
  }

  /** What is done outside of a call: hooks that it calls are kept alive as far as the breaker's `background` can. */
  async #direct<T>(work: Promise<T>): Promise<T> {
    const mark = this.#hooks.mark
    try {
      return await work
    } finally {
      const told = this.#keepHooks(mark, NO_CALL)
      if (told !== undefined) await told
    }
  }

  /** The hot path: a closed and fresh view admits at once. Any view is refreshed behind the call's back before it grows stale. */
  #freshGrant(now: number, call: CallOptions): Grant | null {
    const view = this.#view
    const grant = view.closedGrant(now)
    const due = view.wantsRefresh(now) || (grant === null && view.wantsReport(now))
    // What cannot go on behind the call's back waits until the view is stale, and is then waited for.
    if (
      due &&
      !view.isStale(now) &&
      (this.#options.background !== 'await' || this.#keeper.isBroughtBy(call))
    ) {
      this.#keep(this.#replica.flush(view), call)
    }
    return grant
  }

  /** How much longer a call may wait for the storage that began at `started`: one allowance serves its admission and its report. */
  #patience(started: number): number {
    const now = this.#now()
    return this.#replica.patience(this.#view, Math.max(0, now - started), now)
  }

  async #admit(call: CallOptions, leaseMs = this.#options.settings.probeLeaseMs): Promise<Grant> {
    const mark = this.#hooks.mark
    const { signal } = call
    const { generation } = this.#view.state
    if (this.#nesting.goesAlong(generation)) return unrecorded(generation, false)
    const keep = (work: Promise<unknown>) => this.#keep(work, call)
    const admission = this.#replica.admit(this.#view, { leaseMs, signal, keep })
    let decision: Grant | Rejection
    try {
      decision = await (signal === undefined ? admission : unlessAborted(admission, signal))
      signal?.throwIfAborted()
    } catch (error) {
      const giveBack = (late: Grant | Rejection) =>
        'reason' in late ? undefined : this.#replica.giveBack(this.#view, late)
      keep(admission.then(giveBack))
      throw error
    }
    if ('reason' in decision) {
      const error = this.#rejected(decision)
      this.#hooks.rejected(error)
      const told = this.#keepHooks(mark, call)
      if (told !== undefined) await told
      throw error
    }
    if (decision.wouldReject) this.#hooks.wouldReject()
    this.#keepHooks(mark, call)
    return decision
  }

  #rejected({ reason, retryAfterMs }: Rejection): ProtectedCallError {
    return new ProtectedCallError({
      resourceKey: this.resourceKey,
      namespace: this.namespace,
      status: this.status,
      reason,
      retryAfterMs: retryAfterMs === null ? undefined : Math.ceil(retryAfterMs),
      snapshot: this.#view.snapshot ?? undefined,
    })
  }

  /** Records how a call ended; answers what the call should wait for, if anything. */
  #settle(
    grant: Grant,
    result: CallResult,
    since: number,
    call: CallOptions,
    patience: number,
  ): Promise<unknown> | undefined {
    const { slowMs, maxRetryAfterMs, tripOnRetryAfter } = this.#options
    const now = this.#now()
    const mark = this.#hooks.mark
    const durationMs = this.#measures ? Math.max(0, this.#monotonic() - since) : 0
    const classified = this.#classify(result, call)
    const slow = classified === 'success' && durationMs > slowMs
    const outcome = slow
      ? 'failure'
      : typeof classified === 'object'
        ? classified.outcome
        : classified
    this.#hooks.outcome(outcome, durationMs, slow, result)
    const wish = typeof classified === 'object' ? classified.retryAfterMs : undefined
    const retryAfterMs =
      wish !== undefined && wish > 0 ? Math.ceil(Math.min(wish, maxRetryAfterMs)) : null
    const trip = tripOnRetryAfter && retryAfterMs !== null
    const sequel =
      outcome === 'ignored'
        ? this.#view.release(grant, now)
        : outcome === 'success'
          ? this.#view.succeed(grant, now)
          : this.#view.fail(grant, retryAfterMs, trip, now)
    const reported = this.#report(sequel, now, call, patience)
    const told = this.#keepHooks(mark, call)
    return reported === undefined || told === undefined
      ? (reported ?? told)
      : Promise.all([reported, told])
  }

  /** Sends what should not wait. */
  #report(
    sequel: Sequel,
    now: number,
    call: CallOptions,
    patience: number,
  ): Promise<unknown> | undefined {
    if (sequel === undefined) return undefined
    const left = Math.min(patience, this.#options.replica.storageTimeoutMs)
    if (this.#isStrong && sequel !== 'look') return this.#reportNow(sequel, now, call, left)
    // What is under way is followed by another exchange, which takes this along.
    if (!this.#replica.mayFlush(this.#view, now)) return undefined
    const mark = this.#hooks.mark
    const flushed = this.#replica.flush(this.#view, sequel === 'look' ? 'urgent' : 'due')
    this.#keep(flushed, call)
    return this.#wait(flushed, call, left, mark)
  }

  /** Under strong consistency a call waits until its own outcome is stored, and for no other. */
  #reportNow(
    batch: Batch,
    now: number,
    call: CallOptions,
    patience: number,
  ): Promise<unknown> | undefined {
    const mark = this.#hooks.mark
    const reported = this.#replica.report(this.#view, batch, now + patience)
    this.#keep(
      reported.then(() => this.#replica.followUp(this.#view)),
      call,
    )
    return this.#wait(reported, call, patience, mark)
  }

  #release(grant: Grant, call: CallOptions, patience: number): Promise<unknown> | undefined {
    const now = this.#now()
    const batch = this.#view.release(grant, now)
    return this.#report(batch, now, call, patience)
  }

  #classify(result: CallResult, call: CallOptions): Classification {
    const { classify, shouldHandle } = this.#options
    const own = this.#hooks.ask('classify', () => classified(call.classify ?? classify, result))
    if (own !== undefined) return own
    if (result.ok) return 'success'
    const givenUp = this.#hooks.ask('signal', () => isGivenUp(call.signal)) ?? false
    const handles = (error: unknown) =>
      this.#hooks.ask('shouldHandle', () => yesOrNo(shouldHandle(error))) ?? true
    return defaultOutcome(result, handles, givenUp)
  }

  /** What the outer call may do, this one may, unless the breaker has opened since. */
  #isPartOf(outer: Frame): boolean {
    return this.status !== 'OPEN' && this.#nesting.includes(outer)
  }

  /** A call was admitted; answers what to call when a probe ends. */
  #begun({ generation, token }: Grant, call: CallOptions): ((error?: unknown) => void) | undefined {
    if (token === null) return undefined
    const letGo = this.#keeper.hold(call)
    this.#nesting.probeBegins(generation, token)
    return (error) => {
      letGo?.()
      this.#nesting.probeEnded(token, error)
    }
  }

  #run<T>(
    frame: Frame,
    fn: (context: CallContext) => PromiseLike<T> | T,
    call: CallOptions,
  ): PromiseLike<T> | T {
    const { timeoutMs } = this.#options
    return timeoutMs === undefined
      ? runWithin(frame, fn, call.signal)
      : this.#limited(frame, fn, call.signal, timeoutMs)
  }

  /** Calls `fn` with an end to it: the call is given up then, whether `fn` heeds its signal or not. */
  #limited<T>(
    frame: Frame,
    fn: (context: CallContext) => PromiseLike<T> | T,
    caller: AbortSignal | undefined,
    ms: number,
  ): Promise<T> {
    const { onNotice, runtime } = this.#options
    return withTimeLimit((signal) => runWithin(frame, fn, signal), {
      ms,
      caller,
      runtime,
      error: () => new CallTimeoutError(this.resourceKey, ms),
      onBadSignal: (error) => hookFailed(onNotice, 'signal', error),
    })
  }

  /** Sees to it that background work is done. Such work never rejects. */
  #keep(work: Promise<unknown>, call: CallOptions): void {
    const { background } = this.#options
    const mark = this.#hooks.mark
    const all = () => work.then(() => this.#hooks.since(mark))
    // Where nobody keeps it alive, the hooks in it stay with the breaker.
    if (typeof background === 'function' || this.#keeper.isBroughtBy(call))
      this.#keeper.keep(all(), call)
  }

  /** What the call itself waits for, if anything: no longer than its patience lasts, or its caller is there. */
  #wait(
    work: Promise<unknown>,
    call: CallOptions,
    patience: number,
    mark: number,
  ): Promise<unknown> | undefined {
    const { background, runtime } = this.#options
    const awaits = background === 'await' && !this.#keeper.isBroughtBy(call)
    if (!(awaits || this.#isStrong) || patience <= 0 || call.signal?.aborted) return undefined
    const all = awaits ? work.then(() => this.#hooks.since(mark, patience)) : work
    const waiting = within(all, patience, runtime)
    return call.signal === undefined
      ? waiting
      : unlessAborted(waiting, call.signal).catch(() => undefined)
  }

  /** Keeps alive what hooks do that were called since `mark`; answers what the call itself should wait for. */
  #keepHooks(mark: number, call: CallOptions): Promise<unknown> | undefined {
    const { background, replica } = this.#options
    if (mark === this.#hooks.mark) return undefined
    if (background === 'await' && call.waitUntil === undefined)
      return this.#hooks.since(mark, replica.storageTimeoutMs)
    const keep =
      call.waitUntil === undefined ? background : (work: Promise<unknown>) => call.waitUntil?.(work)
    if (typeof keep !== 'function') return undefined
    const running = this.#hooks.since(mark)
    if (running !== undefined) keep(running)
    return undefined
  }

  get #isStrong(): boolean {
    return this.#options.replica.maxStalenessMs === 0
  }
}
