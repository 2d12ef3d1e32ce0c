import { type Duration, toMilliseconds } from '../core/duration.ts'
import { ProtectedCallError, type Rejected } from '../core/rejection.ts'
import { DAY_MS } from '../core/settings.ts'
import {
  CALL_OPTIONS,
  type CallContext,
  type CallOptions,
  callOptions,
  checkCallOptions,
  checkFunction,
  NO_CALL,
} from './call.ts'
import { type CallResult, CallTimeoutError } from './classify.ts'
import type { HookRunner } from './hooks.ts'
import { Judge } from './judge.ts'
import type { Keeper } from './keeper.ts'
import { type Grant, IGNORED, type Line, type Rejection, SUCCEEDED, unrecorded } from './line.ts'
import { type Frame, isNested, Nesting, runWithin } from './nesting.ts'
import { hookFailed } from './notice.ts'
import type { ResolvedOptions } from './options.ts'
import { type Permit, SinglePermit } from './permit.ts'
import { withTimeLimit } from './time-limit.ts'

/** Options of the two-step form. */
export interface AcquireOptions extends CallOptions {
  /** How long a probe may stay unsettled, 1 ms to 24 h. Default: the breaker's `probeLease`. */
  readonly lease?: Duration | undefined
}

/** What the calls of a breaker go through. */
interface Parts {
  readonly line: Line
  readonly hooks: HookRunner
  readonly keeper: Keeper
}

const ACQUIRE = { ...CALL_OPTIONS, lease: 1 }

/** The calls of one breaker: each asks its line for a grant, runs, is judged, and tells the line how it ended. */
export class Calls {
  readonly #options: ResolvedOptions
  readonly #line: Line
  readonly #hooks: HookRunner
  readonly #keeper: Keeper
  readonly #judge: Judge
  readonly #nesting: Nesting

  constructor(options: ResolvedOptions, { line, hooks, keeper }: Parts) {
    this.#options = options
    this.#line = line
    this.#hooks = hooks
    this.#keeper = keeper
    this.#judge = new Judge(options, hooks)
    this.#nesting = new Nesting(options.storage, options.id)
  }

  async execute<T>(
    fn: (context: CallContext) => PromiseLike<T> | T,
    signalOrOptions?: AbortSignal | CallOptions,
  ): Promise<T> {
    checkFunction(fn)
    const call = callOptions(signalOrOptions)
    if (call.signal !== undefined) call.signal.throwIfAborted()
    const outer = this.#nesting.outer(call)
    if (outer !== undefined && this.#isPartOf(outer)) return this.#run(outer, fn, call)
    const { runtime } = this.#options
    // The clock costs more than all else here: it is not read where nobody needs the time.
    let grant = this.#line.ready
    let started: number | undefined
    let waitedMs: number | undefined
    if (grant === null) {
      started = runtime.now()
      const mark = this.#hooks.mark
      const asked = this.#ask(started, call)
      const answer = asked instanceof Promise ? await asked : asked
      if (answer !== asked) waitedMs = Math.max(0, runtime.now() - started)
      if ('reason' in answer) {
        const error = new ProtectedCallError(this.#rejected(answer))
        await this.#told(error, call, mark)
        throw error
      }
      grant = this.#admitted(answer, call, mark)
    }
    const ended = grant.token === null ? undefined : this.#begun(grant, call)
    const since = this.#judge.measures ? runtime.monotonic() : 0
    let value: T
    try {
      value = await this.#run(this.#nesting.frame(outer), fn, call)
    } catch (error) {
      const settling = this.#settle(grant, { ok: false, error }, since, call, waitedMs)
      ended?.(error)
      if (settling !== undefined) await settling
      throw error
    }
    const settling =
      this.#judge.judgesValues || call.classify !== undefined || ended !== undefined
        ? this.#settle(grant, { ok: true, value }, since, call, waitedMs)
        : this.#line.ended(grant, SUCCEEDED, call, waitedMs, started)
    ended?.()
    if (settling !== undefined) await settling
    return value
  }

  acquire(options: AcquireOptions = NO_CALL): Promise<Permit> {
    const ready = options === NO_CALL && !isNested() ? this.#line.ready : null
    return ready === null ? this.#acquire(options) : Promise.resolve(this.#permit(ready, options))
  }

  async #acquire(options: AcquireOptions): Promise<Permit> {
    checkCallOptions(options, ACQUIRE)
    const { lease, signal } = options
    const leaseMs =
      lease === undefined ? undefined : toMilliseconds('lease', lease, { min: 1, max: DAY_MS })
    signal?.throwIfAborted()
    const outer = this.#nesting.outer(options)
    if (outer !== undefined && this.#isPartOf(outer))
      return new SinglePermit(unrecorded(this.#line.generation, false), () => undefined)
    const { runtime } = this.#options
    let grant = this.#line.ready
    let waitedMs: number | undefined
    if (grant === null) {
      const started = runtime.now()
      const mark = this.#hooks.mark
      const asked = this.#ask(started, options, leaseMs)
      const answer = asked instanceof Promise ? await asked : asked
      if (answer !== asked) waitedMs = Math.max(0, runtime.now() - started)
      if ('reason' in answer) {
        const error = new ProtectedCallError(this.#rejected(answer))
        await this.#told(error, options, mark)
        throw error
      }
      grant = this.#admitted(answer, options, mark)
    }
    return this.#permit(grant, options, waitedMs)
  }

  #permit(grant: Grant, options: CallOptions, waitedMs?: number): Permit {
    const ended = grant.token === null ? undefined : this.#begun(grant, NO_CALL)
    const since = this.#judge.measures ? this.#options.runtime.monotonic() : 0
    return new SinglePermit(grant, (result) => {
      ended?.(result === undefined || result.ok ? undefined : result.error)
      return this.#settle(grant, result, since, options, waitedMs)
    })
  }

  #ask(
    now: number,
    call: CallOptions,
    leaseMs: number = this.#options.settings.probeLeaseMs,
  ): Grant | Rejection | Promise<Grant | Rejection> {
    const { generation } = this.#line
    if (this.#nesting.goesAlong(generation)) return unrecorded(generation, false)
    return this.#line.admit(leaseMs, now, call)
  }

  #admitted(grant: Grant, call: CallOptions, mark: number): Grant {
    if (grant.wouldReject) this.#hooks.wouldReject()
    this.#keeper.keepHooks(mark, call, 0)
    return grant
  }

  /** What the error says. It is made where it is thrown: each frame of ours between would take one of the caller's out of its stack. */
  #rejected({ reason, retryAfterMs }: Rejection): Rejected {
    const { resourceKey, namespace } = this.#options.id
    return {
      resourceKey,
      namespace,
      status: this.#line.status,
      reason,
      retryAfterMs: retryAfterMs === null ? undefined : Math.ceil(retryAfterMs),
      snapshot: this.#line.snapshot ?? undefined,
    }
  }

  /**
   * Tells the hooks of a rejection. The call waits for it in any case: who made it takes hold of its promise meanwhile, and a runtime
   * asks around about each promise that rejects before anybody did.
   */
  #told(error: ProtectedCallError, call: CallOptions, mark: number): Promise<unknown> | undefined {
    this.#hooks.rejected(error)
    return this.#keeper.keepHooks(mark, call, this.#options.replica.storageTimeoutMs)
  }

  /** Records how a call ended; a result that is undefined says nothing. @returns what the call should wait for, if anything */
  #settle(
    grant: Grant,
    result: CallResult | undefined,
    since: number,
    call: CallOptions,
    waitedMs: number | undefined,
  ): Promise<unknown> | undefined {
    const mark = this.#hooks.mark
    const ended = result === undefined ? IGNORED : this.#judge.ended(result, call, since)
    const reported = this.#line.ended(grant, ended, call, waitedMs, undefined)
    const told = this.#keeper.keepHooks(mark, call, this.#options.replica.storageTimeoutMs)
    return reported === undefined || told === undefined
      ? (reported ?? told)
      : Promise.all([reported, told])
  }

  /** What the outer call may do, this one may, unless the breaker has opened since. */
  #isPartOf(outer: Frame): boolean {
    return this.#line.status !== 'OPEN' && this.#nesting.includes(outer)
  }

  /** A probe begins; answers what to call when it ends. */
  #begun({ generation, token }: Grant, call: CallOptions): (error?: unknown) => void {
    const letGo = this.#keeper.hold(call)
    this.#nesting.probeBegins(generation, token!)
    return (error) => {
      letGo?.()
      this.#nesting.probeEnded(token!, error)
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
    const { id, onNotice, runtime } = this.#options
    return withTimeLimit((signal) => runWithin(frame, fn, signal), {
      ms,
      caller,
      runtime,
      error: () => new CallTimeoutError(id.resourceKey, ms),
      onBadSignal: (error) => hookFailed(onNotice, 'signal', error),
    })
  }
}
