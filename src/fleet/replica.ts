import type { Grant, Rejection } from '../breaker/line.ts'
import { isWithin, NEVER, type Runtime, type Span, within } from '../breaker/runtime.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { StorageCallOptions } from './admin.ts'
import { BrokenStorageError, checkedAdmission, checkedControl, checkedExchange } from './answers.ts'
import type { Batch } from './batch.ts'
import { Health } from './health.ts'
import { Identity } from './identity.ts'
import { type Cargo, isWritten, type Load, loaded, loadOf, reportsIn, requestsOf } from './load.ts'
import { codeOf, Noted } from './noted.ts'
import { storageFailed } from './notices.ts'
import { Operations } from './operations.ts'
import type { CircuitStorage, ControlRequest, Exchanged } from './port.ts'
import type { View } from './view.ts'

/** The gap between two flushes of one isolate, and how it follows the latency of the last one. */
const SHORTEST_GAP_MS = 10
const LONGEST_GAP_MS = 1_000
const GAP_PER_LATENCY = 2
/** How often one flush of everything, or one report, sends again what the storage was too busy for. */
const MOST_TRIES = 10
/** How often a call that waits for another one's operation looks whether that is done. */
const FOLLOW_MS = 10

/** A call that wants to be made. */
export interface Caller {
  /** How long a probe may stay unsettled, in milliseconds. */
  readonly leaseMs: number
  /** Once it aborts, nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined
  /** Keeps a promise going after the call is done: `waitUntil` where there is one. */
  readonly keep: (promise: Promise<unknown>) => void
}

/**
 * One isolate's dealings with one storage, for all its breakers: what is to be sent and what is to be read travel together, at most
 * one exchange at a time. No promise is ever shared between calls: on Workers, waiting for another request's I/O never ends.
 */
export class Replica {
  readonly #storage: CircuitStorage
  readonly #runtime: Runtime
  readonly #health: Health
  readonly #operations: Operations
  readonly #views = new Set<View>()
  readonly #noted = new Noted()
  readonly #identity: Identity
  #sent = 0
  /** The exchange under way. A deadline and no flag: a request that is torn down never says that it is done. */
  #flight: Span = NEVER
  /** A flush that waits for the gap to pass. */
  #next: Span = NEVER
  /** While no call waits for the storage: one did, for as long as a call may. */
  #impatient: Span = NEVER
  #gapUntil = Number.NEGATIVE_INFINITY

  constructor(storage: CircuitStorage, runtime: Runtime) {
    this.#storage = storage
    this.#runtime = runtime
    this.#health = new Health(runtime)
    this.#identity = new Identity(runtime)
    this.#operations = new Operations(runtime, storage.shared)
  }

  add(view: View): void {
    this.#views.add(view)
    if (this.#storage.shared) view.presence.isCalled(this.#identity)
  }

  remove(view: View): void {
    this.#views.delete(view)
  }

  /** May this call be made? Waits for the storage at most `storageTimeout`, and never fails. */
  async admit(view: View, caller: Caller): Promise<Grant | Rejection> {
    let now = this.#runtime.now()
    if (!this.#mayAsk(view, now)) return view.decideLocally(now)
    const until = now + view.options.storageTimeoutMs
    // What the storage says of a breaker whose reports it refuses is read, and does not decide.
    if (view.options.maxStalenessMs === 0 && !view.isLocal)
      return this.#askInTurn(view, caller, until)
    const waits = view.options.onStale === 'wait' && !isWithin(this.#impatient, now)
    if (waits && this.#shouldFollow(view, now)) now = await this.#follow(view, now, caller)
    const mayRead =
      this.#operations.hasRoom(now) &&
      caller.signal?.aborted !== true &&
      (!isWithin(this.#flight, now) || (waits && this.#isSlow(view, now) && !this.#health.degraded))
    if (mayRead && now < until && (view.isStale(now) || this.#health.degraded)) {
      const refresh = this.#exchange(view, 'due')
      caller.keep(refresh.then(() => this.followUp(view)))
      if (waits) await this.#wait(refresh, until - now, view.options.operationTimeoutMs)
      now = this.#runtime.now()
    }
    if (this.#isLocal(view)) return view.decideLocally(now)
    const decision = view.decide(now)
    return decision === 'ask' ? this.#ask(view, caller, until) : decision
  }

  /** How much longer a call may wait that has waited so long already: not at all where another one just did in vain. */
  patience(view: View, waitedMs: number, now: number): number {
    if (isWithin(this.#impatient, now)) return 0
    return Math.max(0, view.options.storageTimeoutMs - waitedMs)
  }

  #mayAsk(view: View, now: number): boolean {
    return this.#health.mayAsk(now) && !view.isRefused(now)
  }

  #isLocal(view: View): boolean {
    return this.#health.degraded || view.isLocal
  }

  /** Is nothing under way, nor waiting for its gap? */
  mayFlush(view: View, now: number): boolean {
    const busy = isWithin(this.#flight, now) || isWithin(this.#next, now)
    return !busy && this.#mayAsk(view, now) && this.#operations.hasRoom(now)
  }

  /** Sends what is due and reads, in the background. */
  async flush(view: View, cargo: Cargo = 'due'): Promise<void> {
    const now = this.#runtime.now()
    if (!this.mayFlush(view, now)) return
    const gap = Math.min(this.#gapUntil - now, LONGEST_GAP_MS)
    if (gap > 0) {
      const next = { from: now, until: now + gap + LONGEST_GAP_MS }
      this.#next = next
      await this.#runtime.after(gap)
      // A call that could not wait took what there was along; or the storage does not answer.
      if (this.#next !== next || !this.#mayAsk(view, this.#runtime.now())) return
    }
    await this.#exchange(view, cargo)
    await this.followUp(view)
  }

  /** What came in meanwhile and should not wait goes next: the calls that brought it found an exchange under way. */
  async followUp(view: View): Promise<void> {
    const now = this.#runtime.now()
    if (this.#health.degraded) return
    for (const each of this.#views) if (each.mustReport(now)) return this.flush(view)
    for (const each of this.#views) if (each.lookout.due) return this.flush(each, 'urgent')
  }

  /** Sends what waits; ends when that is stored, or kept because the storage does not answer. */
  async flushAll(view: View): Promise<void> {
    const { outbox } = view
    let waiting = outbox.waiting.filter((batch) => outbox.holds(batch))
    for (let tries = 0; waiting.length > 0 && tries < MOST_TRIES; ) {
      // What another request sent is waited for by the clock: see #follow.
      const now = this.#runtime.now()
      if (outbox.next(now) === undefined || !this.#operations.hasRoom(now)) {
        await this.#runtime.after(FOLLOW_MS)
      } else {
        await this.#exchange(view, 'all')
        if (this.#health.degraded) return
        tries++
      }
      const left = waiting.filter((batch) => outbox.holds(batch))
      if (left.length < waiting.length) tries = 0
      waiting = left
    }
  }

  /** The same for every breaker of this storage; where it does not answer one, the others need not wait for it. */
  async flushEvery(): Promise<void> {
    for (const view of this.#views) {
      await this.flushAll(view)
      if (this.#health.degraded) break
    }
    await Promise.all([...this.#views].map((view) => view.listener.settled()))
  }

  /** Nobody will send anything any more: tells what is lost. */
  async abandonEvery(): Promise<void> {
    for (const view of this.#views) view.outbox.abandon()
    await Promise.all([...this.#views].map((view) => view.listener.settled()))
  }

  /** Reads, having sent everything. Rejects where the storage does not answer within `operationTimeout`. */
  async refresh(view: View): Promise<Snapshot> {
    await this.flushAll(view)
    return this.#direct(view, async (options) =>
      checkedExchange(await this.#storage.exchange([view.id], options), 1),
    )
  }

  /** Hands an operator's command on. Rejects as {@link refresh} does. */
  async control(view: View, command: ControlRequest['command']): Promise<Snapshot> {
    return this.#direct(view, async (options) => [
      checkedControl(await this.#storage.control({ ...view.id, command }, options)),
    ])
  }

  async #direct(
    view: View,
    begin: (options: StorageCallOptions) => Promise<readonly Exchanged[]>,
  ): Promise<Snapshot> {
    const sent = ++this.#sent
    const operation = this.#operations.start(view.options.operationTimeoutMs, begin)
    const snapshot = operation.answer.then(([answer]) => {
      this.#answered(answer!.verdict === 'commanded')
      view.adoptExchanged(answer!, undefined, sent, this.#runtime.now())
      return answer!.snapshot
    })
    const late = operation
      .watch(snapshot)
      .then((inTime) => (inTime ? snapshot : Promise.reject(overdue())))
    return Promise.race([snapshot, late])
  }

  /** Where too much is under way, a call that came in before an answer was asked for may take it as its own. */
  async #askInTurn(view: View, caller: Caller, until: number): Promise<Grant | Rejection> {
    const before = this.#sent
    let now = this.#runtime.now()
    for (let waited = 0; !this.#operations.hasRoom(now); waited += FOLLOW_MS) {
      const givesUp = now >= until || waited >= view.options.storageTimeoutMs
      if (givesUp || caller.signal?.aborted || isWithin(this.#impatient, now))
        return this.#unasked(view, now)
      await this.#runtime.after(FOLLOW_MS)
      now = this.#runtime.now()
      const decision = view.adopted > before ? view.decide(now) : 'ask'
      if (decision !== 'ask') return decision
    }
    return this.#isLocal(view) && !this.#mayAsk(view, now)
      ? view.decideLocally(now)
      : this.#ask(view, caller, until)
  }

  /** Asks the storage, and waits for its answer `until` then. */
  async #ask(view: View, caller: Caller, until: number): Promise<Grant | Rejection> {
    const { maxStalenessMs, operationTimeoutMs } = view.options
    const asked = this.#runtime.now()
    // More asking at once than the fleet may have probes out: all but so many would be rejected anyway.
    const tooMany =
      maxStalenessMs > 0 && view.asking.underWay(asked) >= view.settings.probeConcurrency
    if (tooMany || isWithin(this.#impatient, asked) || !this.#operations.hasRoom(asked))
      return this.#unasked(view, asked)
    if (caller.signal?.aborted) return view.rejection(asked)
    const done = view.asking.begin({ from: asked, until: asked + operationTimeoutMs })
    const sent = ++this.#sent
    const { settings, state } = view
    const { resourceKey, namespace } = view.id
    const { leaseMs } = caller
    const request = { resourceKey, namespace, settings, leaseMs, expected: state.status }
    const operation = this.#operations.start(operationTimeoutMs, async (options) =>
      checkedAdmission(await this.#storage.acquire(request, options)),
    )
    const writes = state.status !== 'CLOSED'
    const answer = operation.answer
      .then(
        (admission) => {
          this.#answered(admission.verdict === 'probe')
          return view.adoptAdmission(admission, sent, this.#runtime.now())
        },
        (error) => this.#failed(error, writes, view),
      )
      .finally(done)
    let late = false
    // A caller may go away and take its request along: the probe that it was given would hold its place until its lease ends.
    caller.keep(
      answer.then((verdict) =>
        late && verdict !== undefined && 'generation' in verdict
          ? this.giveBack(view, verdict)
          : undefined,
      ),
    )
    const verdict = await within(answer, Math.max(0, until - asked), this.#runtime)
    if (verdict !== undefined) return verdict
    const now = this.#runtime.now()
    if (now >= until && !this.#isLocal(view)) {
      late = true
      this.#impatient = { from: now, until: now + operationTimeoutMs }
      void operation.watch(answer).then((inTime) => inTime || this.#failed(overdue(), writes))
    }
    return this.#unasked(view, now)
  }

  /** A call will not be made: a probe's place is free for another. */
  async giveBack(view: View, grant: Grant): Promise<void> {
    const now = this.#runtime.now()
    const batch = view.release(grant, now)
    if (batch !== undefined) await this.report(view, batch, now)
    await this.followUp(view)
  }

  /** The verdict on a call for which the storage cannot be asked. */
  #unasked(view: View, now: number): Grant | Rejection {
    if (this.#isLocal(view)) return view.decideLocally(now)
    const decision = view.decide(now)
    return decision === 'ask' ? view.rejection(now) : decision
  }

  /**
   * Sends one batch by itself, beside whatever else is under way. Where too much is, it waits for another one to take the batch along,
   * `until` then.
   */
  async report(view: View, batch: Batch, until: number): Promise<void> {
    for (let tries = 0, sent: Batch | undefined; sent !== batch && tries < MOST_TRIES; ) {
      const now = this.#runtime.now()
      if (!this.#mayAsk(view, now) || !view.outbox.holds(batch)) return
      const next = this.#operations.hasRoom(now) ? view.outbox.nextBeside(now) : undefined
      if (next !== undefined) {
        await this.#operate([loaded(view, next, now)], view.options.operationTimeoutMs)
        sent = next
        tries++
      } else if (now < until) {
        await this.#runtime.after(FOLLOW_MS)
      } else {
        return
      }
    }
  }

  async #exchange(view: View, cargo: Cargo): Promise<void> {
    const now = this.#runtime.now()
    const { operationTimeoutMs } = view.options
    const flight = { from: now, until: now + operationTimeoutMs }
    this.#flight = flight
    this.#next = NEVER
    // A recovery reads first; then a write shows whether the storage is well.
    const { degraded, needsWrite } = this.#health
    const load = loadOf(view, this.#views, now, { cargo, readsOnly: degraded, needsWrite })
    await this.#operate(load, operationTimeoutMs)
    if (this.#flight === flight) this.#flight = NEVER
    const after = this.#runtime.now()
    this.#gapUntil =
      after + Math.min(LONGEST_GAP_MS, Math.max(SHORTEST_GAP_MS, GAP_PER_LATENCY * (after - now)))
  }

  /** Ends with the exchange, or when that has taken too long. Its answer is taken even then. */
  async #operate(load: readonly Load[], operationTimeoutMs: number): Promise<void> {
    const sent = ++this.#sent
    const operation = this.#operations.start(operationTimeoutMs, async (options) =>
      checkedExchange(await this.#storage.exchange(requestsOf(load), options), load.length),
    )
    let apart: readonly Load[] = []
    const adopted = operation.answer.then(
      (answers) => this.#adopt(load, answers, sent),
      (error) => {
        apart = this.#exchangeFailed(error, load)
      },
    )
    if (!(await operation.watch(adopted))) this.#failed(overdue(), reportsIn(load))
    for (const each of apart) await this.#operate([each], operationTimeoutMs)
  }

  #adopt(load: readonly Load[], answers: readonly Exchanged[], sent: number): void {
    const now = this.#runtime.now()
    this.#answered(answers.some(isWritten), reportsIn(load))
    load.forEach(({ view, batch }, i) => {
      view.adoptExchanged(answers[i]!, batch, sent, now)
    })
  }

  /**
   * A value that the database refuses would be refused with all that travels beside it, again and again.
   * @returns what is to be sent each by itself
   */
  #exchangeFailed(error: unknown, load: readonly Load[]): readonly Load[] {
    for (const { batch } of load) if (batch !== undefined) batch.busy = NEVER
    const [{ view, batch }] = load as readonly [Load]
    if (codeOf(error) !== 'BAD_DATA') this.#failed(error, reportsIn(load))
    else if (load.length > 1) return load
    else view.refuse(error, batch, this.#runtime.now())
    return []
  }

  /** Is what this call needs on its way to another one? */
  #shouldFollow(view: View, now: number): boolean {
    const underWay = isWithin(this.#flight, now) && !this.#isSlow(view, now)
    return underWay && view.isStale(now) && !this.#health.degraded
  }

  /** Has the exchange under way taken half of what a call waits for? There is time left then for one of its own. */
  #isSlow(view: View, now: number): boolean {
    return now - this.#flight.from >= view.options.storageTimeoutMs / 2
  }

  /** Waits for what another call is told: by the clock, for that call's promise belongs to its request and may never settle. */
  async #follow(view: View, from: number, { signal }: Caller): Promise<number> {
    let now = from
    for (
      let waited = 0;
      waited < view.options.storageTimeoutMs &&
      signal?.aborted !== true &&
      this.#shouldFollow(view, now);
      waited += FOLLOW_MS
    ) {
      await this.#runtime.after(FOLLOW_MS)
      now = this.#runtime.now()
    }
    return now
  }

  async #wait(operation: Promise<void>, ms: number, operationTimeoutMs: number): Promise<void> {
    const done = await within(
      operation.then(() => true),
      Math.max(0, ms),
      this.#runtime,
    )
    // The next calls do not wait again for what this one waited for in vain.
    const now = this.#runtime.now()
    if (done === undefined) this.#impatient = { from: now, until: now + operationTimeoutMs }
  }

  #answered(wrote: boolean, reported = wrote): void {
    this.#impatient = NEVER
    const change = this.#health.answered(wrote, reported)
    if (change === undefined) return
    if (change === 'recovered') this.#noted.outageEnded()
    for (const view of this.#views) view.recover(change === 'recovered')
  }

  /** `writes`: the operation was one that writes. */
  #failed(error: unknown, writes: boolean, view?: View): undefined {
    const code = codeOf(error)
    // The database said that it counted nothing and is well: that is not an outage.
    if (code === 'STORAGE_BUSY') return
    const now = this.#runtime.now()
    // Nor is a value that it does not take: that concerns one breaker.
    if (code === 'BAD_DATA' && view !== undefined) return void view.refuse(error, undefined, now)
    const change = this.#health.failed(now, writes)
    // One breaker says so for all of them.
    const [first] = this.#views
    if (first !== undefined && this.#noted.isNew(error)) first.listener.notice(storageFailed(error))
    if (change === undefined) return
    for (const each of this.#views) each.degrade(error, change === 'degraded')
  }
}

const overdue = () =>
  new BrokenStorageError('STORAGE_TIMEOUT', 'no answer within the operation timeout')
