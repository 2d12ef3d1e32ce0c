import { type Duration, toMilliseconds } from '../core/duration.ts'
import { ProtectedCallError, type Rejected } from '../core/rejection.ts'
import { DAY_MS } from '../core/settings.ts'
import {
  CALL_OPTIONS,
  type CallContext,
  type CallOptions,
  checkCallOptions,
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
import { nestedPermit, type Permit, type PermittedCall, SinglePermit } from './permit.ts'
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

/**
 * The steps of one breaker's calls: each asks the line for a grant, runs, is judged, and tells the
 * line how it ended.
 */
export class Calls {
  readonly #options: ResolvedOptions
  readonly #line: Line
  readonly #hooks: HookRunner
  readonly #keeper: Keeper
  readonly #judge: Judge
  /** Does anybody want to know how long a call took? */
  readonly measures: boolean
  /** Is what a call returned looked at? Else it is a success. */
  readonly judgesValues: boolean
  readonly #nesting: Nesting

  constructor(options: ResolvedOptions, { line, hooks, keeper }: Parts) {
    this.#options = options
    this.#line = line
    this.#hooks = hooks
    this.#keeper = keeper
    this.#judge = new Judge(options, hooks)
    this.measures = this.#judge.measures
    this.judgesValues = this.#judge.judgesValues
    this.#nesting = new Nesting(options.storage, options.id)
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
    if (outer !== undefined && this.isPartOf(outer)) return nestedPermit(this.#line.generation)
    const { runtime } = this.#options
    let grant = this.#line.ready
    let waitedMs: number | undefined
    const started = runtime.now()
    grant ??= this.#line.readyAt(started, options)
    if (grant === null) {
      const mark = this.#hooks.mark
      const asked = this.ask(started, options, leaseMs)
      const answer = asked instanceof Promise ? await asked : asked
      if (answer !== asked) waitedMs = Math.max(0, runtime.now() - started)
      if ('reason' in answer) {
        const error = new ProtectedCallError(this.rejected(answer))
        await this.told(error, options, mark)
        throw error
      }
      grant = this.admitted(answer, options, mark)
    }
    return this.#permit(grant, options, waitedMs)
  }

  #permit(grant: Grant, options: CallOptions, waitedMs?: number): Permit {
    const since = this.measures ? this.#options.runtime.monotonic() : 0
    const ended = grant.token === null ? undefined : this.begun(grant, NO_CALL)
    return new SinglePermit(this, { grant, options, waitedMs, since, ended })
  }

  /** Ends the call of a permit. */
  settle(
    { grant, options, waitedMs, since, ended }: PermittedCall,
    result: CallResult | undefined,
  ): Promise<unknown> | undefined {
    ended?.(result?.ok === false ? result.error : undefined)
    if (result?.ok && ended === undefined && !this.judgesValues && options === NO_CALL)
      return this.#line.ended(grant, SUCCEEDED, options, waitedMs, undefined)
    return this.report(grant, result, since, options, waitedMs)
  }

  /** What a call that begins now is part of, if anything: see {@link Nesting}. */
  outer(call: CallOptions): Frame | undefined {
    return this.#nesting.outer(call)
  }

  /** The frame of a call that is part of `outer`. */
  frame(outer: Frame | undefined): Frame {
    return this.#nesting.frame(outer)
  }

  /** May a call be made that begins `now`? */
  ask(
    now: number,
    call: CallOptions,
    leaseMs: number = this.#options.settings.probeLeaseMs,
  ): Grant | Rejection | Promise<Grant | Rejection> {
    const line = this.#line
    return this.#nesting.goesAlong(line)
      ? unrecorded(line.generation, false)
      : line.admit(leaseMs, now, call)
  }

  /** A call was admitted. `mark` stands before the hooks that this has called. */
  admitted(grant: Grant, call: CallOptions, mark: number): Grant {
    if (grant.wouldReject) this.#hooks.wouldReject()
    if (mark !== this.#hooks.mark) this.#keeper.keepHooks(mark, call, 0)
    return grant
  }

  /**
   * What the error says. It is made where it is thrown: each frame of ours between would take one
   * of the caller's out of its stack.
   */
  rejected({ reason, retryAfterMs, snapshot }: Rejection): Rejected {
    const { resourceKey, namespace } = this.#options.id
    return {
      resourceKey,
      namespace,
      status: this.#line.status,
      reason,
      retryAfterMs: retryAfterMs === null ? undefined : Math.ceil(retryAfterMs),
      snapshot: snapshot ?? undefined,
    }
  }

  /**
   * Tells the hooks of a rejection. The call waits for it in any case: who made it takes hold of
   * its promise meanwhile, and a runtime asks around about each promise that rejects before anybody
   * did.
   */
  told(error: ProtectedCallError, call: CallOptions, mark: number): Promise<unknown> | undefined {
    this.#hooks.rejected(error)
    return this.#keeper.keepHooks(mark, call, this.#options.replica.storageTimeoutMs)
  }

  /**
   * Records how a call ended; a result that is undefined says nothing. @returns what the call
   * should wait for, if anything
   */
  report(
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
  isPartOf(outer: Frame): boolean {
    return this.#line.status !== 'OPEN' && this.#nesting.includes(outer)
  }

  /** A probe begins; answers what to call when it ends. */
  begun({ generation, token }: Grant, call: CallOptions): (error?: unknown) => void {
    const letGo = this.#keeper.hold(call)
    this.#nesting.probeBegins(generation, token!)
    return (error) => {
      letGo?.()
      this.#nesting.probeEnded(token!, error)
    }
  }

  /** Calls `fn`, for no longer than `timeout`. */
  run<T>(
    frame: Frame,
    fn: (context: CallContext) => PromiseLike<T> | T,
    call: CallOptions,
  ): PromiseLike<T> | T {
    const { timeoutMs } = this.#options
    return timeoutMs === undefined
      ? runWithin(frame, fn, call.signal)
      : this.#limited(frame, fn, call.signal, timeoutMs)
  }

  /**
   * Calls `fn` with an end to it: the call is given up then, whether `fn` heeds its signal or not.
   */
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
