import type { Order } from '../core/event.ts'
import type { FailureRate, Fraction } from '../core/limits.ts'
import { commandOf, type Operator, overrideOrder, type TimedOperator } from '../core/orders.ts'
import { ProtectedCallError } from '../core/rejection.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { CircuitState, OverrideKind } from '../core/state.ts'
import {
  type CallContext,
  type CallOptions,
  type CallPolicy,
  callOptions,
  checkFunction,
  NO_CALL,
  wrapWith,
} from './call.ts'
import { type AcquireOptions, Calls } from './calls.ts'
import { type ExecutionLog, executionLogOf } from './execution-log.ts'
import { HookRunner } from './hooks.ts'
import { Keeper } from './keeper.ts'
import { limitsOf } from './limits-of.ts'
import { type Line, SUCCEEDED } from './line.ts'
import { singleFailureTrips } from './notice.ts'
import { type CircuitProtectorOptions, type ResolvedOptions, resolveOptions } from './options.ts'
import { OwnLine } from './own-line.ts'
import type { Permit } from './permit.ts'

/**
 * A circuit breaker: stops calling a dependency that fails, and probes it back to life. With a
 * shared storage it is one breaker for the whole fleet. Nygard's pattern ("Release It!"), with the
 * vocabulary of the Python library Resilient Circuit.
 */
export class CircuitProtectorPolicy implements CallPolicy {
  readonly acceptsCallOptions: true = true
  readonly resourceKey: string
  readonly namespace: string
  /** When it trips; frozen. */
  readonly failureLimit: Fraction | FailureRate
  /** When it closes again: how many successes, among how many probes; frozen. */
  readonly successLimit: Fraction
  /**
   * How long it stays open, in milliseconds; where that grows with consecutive opens, the first
   * time.
   */
  readonly cooldown: number
  readonly #options: ResolvedOptions
  readonly #hooks: HookRunner
  readonly #line: Line
  readonly #keeper: Keeper
  readonly #calls: Calls

  /**
   * @throws {InvalidOptionError} naming the option, its range and the value. Does no I/O: a breaker
   * may stand at module scope.
   */
  constructor(options: CircuitProtectorOptions = {}) {
    const resolved = resolveOptions(options)
    const { id, storage, settings, replica, runtime, background, onNotice } = resolved
    this.#options = resolved
    this.resourceKey = id.resourceKey
    this.namespace = id.namespace
    const { failureLimit, successLimit, cooldown } = limitsOf(settings)
    this.failureLimit = failureLimit
    this.successLimit = successLimit
    this.cooldown = cooldown
    const hooks = new HookRunner(this, options, onNotice, runtime)
    const keeper = new Keeper(background, hooks, onNotice, runtime)
    const made = { id, settings, replica, runtime, listener: hooks, keeper }
    this.#hooks = hooks
    this.#keeper = keeper
    this.#line = storage === undefined ? new OwnLine(made) : storage.line(made)
    this.#calls = new Calls(resolved, { line: this.#line, hooks, keeper })
    if (storage?.shared && options.failureLimit === undefined)
      hooks.notice(singleFailureTrips(id.resourceKey))
  }

  /** This instance's view; no I/O. */
  get status(): CircuitState {
    return this.#line.status
  }

  /** This instance's view of the newest outcomes, its own unsent ones included; no I/O. */
  get executionLog(): ExecutionLog {
    return executionLogOf(this.#line.read(), this.#options.settings)
  }

  /** What the storage last said; null before its first answer, and never without a storage. */
  get snapshot(): Snapshot | null {
    return this.#line.snapshot
  }

  /**
   * Calls `fn` if the breaker admits it, and records how it ended. A call that begins within
   * another call of this breaker is part of that one, and does not count: see `CallOptions.within`.
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
    const calls = this.#calls
    const outer = calls.outer(call)
    if (outer !== undefined && calls.isPartOf(outer)) return calls.run(outer, fn, call)
    const { runtime } = this.#options
    // The clock costs more than all else here: it is not read where nobody needs the time.
    let grant = this.#line.ready
    let started: number | undefined
    let waitedMs: number | undefined
    if (grant === null) {
      started = runtime.now()
      grant = this.#line.readyAt(started, call)
      if (grant === null) {
        const mark = this.#hooks.mark
        const asked = calls.ask(started, call)
        const answer = asked instanceof Promise ? await asked : asked
        if (answer !== asked) waitedMs = Math.max(0, runtime.now() - started)
        if ('reason' in answer) {
          const error = new ProtectedCallError(calls.rejected(answer))
          await calls.told(error, call, mark)
          throw error
        }
        grant = calls.admitted(answer, call, mark)
      }
    }
    const ended = grant.token === null ? undefined : calls.begun(grant, call)
    const since = calls.measures ? runtime.monotonic() : 0
    let value: T
    try {
      value = await calls.run(calls.frame(outer), fn, call)
    } catch (error) {
      const settling = calls.report(grant, { ok: false, error }, since, call, waitedMs)
      ended?.(error)
      if (settling !== undefined) await settling
      throw error
    }
    const settling =
      calls.judgesValues || call.classify !== undefined || ended !== undefined
        ? calls.report(grant, { ok: true, value }, since, call, waitedMs)
        : this.#line.ended(grant, SUCCEEDED, call, waitedMs, started)
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
  acquire(options?: AcquireOptions): Promise<Permit> {
    return this.#calls.acquire(options)
  }

  /**
   * Sends what waits, and reads. @returns what the storage says. Rejects where it does not answer.
   */
  async refresh(): Promise<Snapshot> {
    return this.#direct(this.#line.refresh())
  }

  /** Ends when what waits is stored, or kept for a storage that is silent. Hooks may run on. */
  async flush(): Promise<void> {
    await this.#direct(this.#line.flush())
  }

  /**
   * Ends when no hook of this breaker is running, at the latest after five seconds. For programs
   * that end themselves.
   */
  async settled(): Promise<void> {
    await this.#hooks.settled()
  }

  /** Sends what waits, and no more after that; `onDropped` is told of what was not taken. */
  async dispose(): Promise<void> {
    await this.#direct(this.#line.dispose())
  }

  /**
   * Forgets what waits for the storage, and tells `onDropped` of it. For programs that end
   * themselves, after {@link flush}.
   */
  abandon(): void {
    this.#line.abandon()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose()
  }

  /** Opens the breaker for its cooldown. */
  async open(operator: Operator = {}): Promise<Snapshot> {
    const { cooldownMs } = this.#options.settings
    return this.#command({ command: 'open', cooldownMs }, operator)
  }

  /** Closes the breaker, and lifts what overrides it. */
  async close(operator: Operator = {}): Promise<Snapshot> {
    return this.#command({ command: 'close' }, operator)
  }

  /** Holds the breaker open, for a time or until lifted; then probes decide. */
  async isolate(options: TimedOperator = {}): Promise<Snapshot> {
    return this.override('FORCED_OPEN', options)
  }

  /**
   * `DISABLED` lets all calls through and records nothing, `METRICS_ONLY` records and rejects
   * nothing, null lifts what stands.
   */
  async override(override: OverrideKind | null, options: TimedOperator = {}): Promise<Snapshot> {
    return this.#command(overrideOrder(override, options.for), options)
  }

  /** Closed, an empty log, no override, no consecutive opens. */
  async reset(operator: Operator = {}): Promise<Snapshot> {
    return this.#command({ command: 'reset' }, operator)
  }

  async #command(order: Order, operator: Operator): Promise<Snapshot> {
    return this.#direct(this.#line.control(commandOf(order, operator)))
  }

  /**
   * What is done outside of a call: hooks that it calls are kept alive as far as the breaker's
   * `background` can.
   */
  async #direct<T>(work: Promise<T>): Promise<T> {
    const mark = this.#hooks.mark
    try {
      return await work
    } finally {
      await this.#keeper.keepHooks(mark, NO_CALL, this.#options.replica.storageTimeoutMs)
    }
  }
}
