import type { CallOptions } from '../breaker/call.ts'
import type { Keeper } from '../breaker/keeper.ts'
import type { Ended, Grant, Line, LineOptions, Rejection } from '../breaker/line.ts'
import { type Runtime, unlessAborted } from '../breaker/runtime.ts'
import type { Command } from '../core/event.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { BreakerState, CircuitState } from '../core/state.ts'
import type { Batch } from './batch.ts'
import type { CircuitStorage } from './port.ts'
import { Replica } from './replica.ts'
import { type Sequel, View } from './view.ts'

/** One replica for all breakers of a storage: what they have to say travels together. */
const replicas = new WeakMap<CircuitStorage, Replica>()

/**
 * The line of a breaker on a storage, as a method of that storage: what the breaker asks goes through this isolate's replica of it.
 * A storage of your own is an object of the port with `line: sharedLine` among its members.
 */
export function sharedLine(this: CircuitStorage, made: LineOptions): Line {
  let replica = replicas.get(this)
  if (replica === undefined) {
    replica = new Replica(this, made.runtime)
    replicas.set(this, replica)
  }
  return new SharedLine(replica, made)
}

/** Sends what all breakers of this storage hold. */
export async function flushStorage(storage: CircuitStorage): Promise<void> {
  await replicas.get(storage)?.flushEvery()
}

/** Nobody will send what the breakers of this storage still hold: tells their `onDropped`. */
export async function abandonStorage(storage: CircuitStorage): Promise<void> {
  await replicas.get(storage)?.abandonEvery()
}

class SharedLine implements Line {
  /** How fresh its view is, only the clock can say. */
  readonly ready = null
  readonly #replica: Replica
  readonly #view: View
  readonly #keeper: Keeper
  readonly #runtime: Runtime
  readonly #isStrong: boolean

  constructor(replica: Replica, { id, settings, replica: options, runtime, ...made }: LineOptions) {
    this.#replica = replica
    this.#view = new View(id, settings, options, made.listener, runtime)
    this.#keeper = made.keeper
    this.#runtime = runtime
    this.#isStrong = options.maxStalenessMs === 0
    replica.add(this.#view)
  }

  get status(): CircuitState {
    return this.#view.state.status
  }

  get generation(): number {
    return this.#view.state.generation
  }

  get snapshot(): Snapshot | null {
    return this.#view.snapshot
  }

  read(): BreakerState {
    return this.#view.read(this.#runtime.now())
  }

  /** The hot path: a closed and fresh view admits at once. Any view is refreshed behind the call's back before it grows stale. */
  readyAt(now: number, call: CallOptions): Grant | null {
    const view = this.#view
    const grant = view.closedGrant(now)
    const due = view.wantsRefresh(now) || (grant === null && view.wantsReport(now))
    // What cannot go on behind the call's back waits until the view is stale, and is then waited for.
    if (due && !view.isStale(now) && this.#keeper.floats(call))
      this.#keeper.keep(this.#replica.flush(view), call)
    return grant
  }

  ended(
    grant: Grant,
    { outcome, retryAfterMs, trip }: Ended,
    call: CallOptions,
    waitedMs: number | undefined,
    at: number | undefined,
  ): Promise<unknown> | undefined {
    const view = this.#view
    const now = at ?? this.#runtime.now()
    const sequel: Sequel =
      outcome === 'success'
        ? view.succeed(grant, now)
        : outcome === 'failure'
          ? view.fail(grant, retryAfterMs, trip, now)
          : view.release(grant, now)
    if (sequel === undefined) return undefined
    const { storageTimeoutMs } = view.options
    // One allowance serves a call's admission and its report.
    const patienceMs =
      waitedMs === undefined ? storageTimeoutMs : this.#replica.patience(view, waitedMs, now)
    if (sequel !== 'look' && this.#isStrong) return this.#report(sequel, now, call, patienceMs)
    // What is under way is followed by another exchange, which takes this along.
    if (!this.#replica.mayFlush(view, now)) return undefined
    const mark = this.#keeper.mark
    const flushed = this.#replica.flush(view, sequel === 'look' ? 'urgent' : 'due')
    this.#keeper.keep(flushed, call)
    return this.#keeper.wait(flushed, call, { patienceMs, mark, needed: false })
  }

  async refresh(): Promise<Snapshot> {
    return this.#replica.refresh(this.#view)
  }

  async flush(): Promise<void> {
    await this.#replica.flushAll(this.#view)
  }

  async dispose(): Promise<void> {
    await this.flush()
    this.#replica.remove(this.#view)
    this.abandon()
  }

  abandon(): void {
    this.#view.outbox.abandon()
  }

  async control(command: Omit<Command, 'type'>): Promise<Snapshot> {
    return this.#replica.control(this.#view, command)
  }

  /** Waits no longer than the caller is there. A grant that comes later is given back. */
  async admit(leaseMs: number, _now: number, call: CallOptions): Promise<Grant | Rejection> {
    const { signal } = call
    const keep = (work: Promise<unknown>) => this.#keeper.keep(work, call)
    const admission = this.#replica.admit(this.#view, { leaseMs, signal, keep })
    if (signal === undefined) return admission
    try {
      const answer = await unlessAborted(admission, signal)
      signal.throwIfAborted()
      return answer
    } catch (error) {
      const giveBack = (late: Grant | Rejection) =>
        'reason' in late ? undefined : this.#replica.giveBack(this.#view, late)
      keep(admission.then(giveBack))
      throw error
    }
  }

  /** Under strong consistency a call waits until its own outcome is stored, and for no other. */
  #report(
    batch: Batch,
    now: number,
    call: CallOptions,
    patienceMs: number,
  ): Promise<unknown> | undefined {
    const mark = this.#keeper.mark
    const reported = this.#replica.report(this.#view, batch, now + patienceMs)
    this.#keeper.keep(
      reported.then(() => this.#replica.followUp(this.#view)),
      call,
    )
    return this.#keeper.wait(reported, call, { patienceMs, mark, needed: true })
  }
}
