import type { Snapshot } from '../core/snapshot.ts'
import type { CircuitStorage, ControlRequest, Exchanged, ExchangeRequest } from '../storage/port.ts'
import type { Batch } from './batch.ts'
import type { Grant, Rejection } from './grant.ts'
import { Health } from './health.ts'
import { isWithin, NEVER, type Runtime, type Span, within } from './runtime.ts'
import type { View } from './view.ts'

/** How many breakers travel in one exchange. */
const MOST_KEYS = 50
/** The gap between two flushes of one isolate, and how it follows the latency of the last one. */
const SHORTEST_GAP_MS = 10
const LONGEST_GAP_MS = 1_000
const GAP_PER_LATENCY = 2
/** How often a flush of everything tries, where ever more comes in. */
const MOST_ROUNDS = 10
/** How often a call that waits for another one's read looks whether it is there. */
const FOLLOW_MS = 10

/** What an exchange takes along: all that waits, what is due, or only what cannot wait. */
type Cargo = 'all' | 'due' | 'urgent'

/** Keeps a promise going after the call is done: `waitUntil` where there is one. */
export type Keep = (promise: Promise<unknown>) => void

/**
 * One isolate's dealings with one storage, for all its breakers: what is to be sent and what is to be read travel together, at most
 * one exchange at a time. No promise is ever shared between calls: on Workers, waiting for another request's I/O never ends.
 */
export class Replica {
  readonly #storage: CircuitStorage
  readonly #runtime: Runtime
  readonly #health: Health
  readonly #views = new Set<View>()
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
  }

  add(view: View): void {
    this.#views.add(view)
  }

  remove(view: View): void {
    this.#views.delete(view)
  }

  get storage(): CircuitStorage {
    return this.#storage
  }

  /** May this call be made? Waits for the storage at most `storageTimeout`, and never fails. */
  async admit(view: View, leaseMs: number, keep: Keep): Promise<Grant | Rejection> {
    let now = this.#runtime.now()
    if (!this.#health.mayAsk(now)) return view.decideLocally(now)
    const until = now + view.options.storageTimeoutMs
    if (view.options.maxStalenessMs === 0) return this.#ask(view, leaseMs, until, keep)
    const waits = view.options.onStale === 'wait' && !isWithin(this.#impatient, now)
    if (waits && this.#shouldFollow(view, now)) now = await this.#follow(view, now)
    const mayRead =
      !isWithin(this.#flight, now) || (waits && this.#isSlow(view, now) && !this.#health.degraded)
    if (mayRead && now < until && (view.isStale(now) || this.#health.degraded)) {
      const refresh = this.#exchange(view, 'due')
      keep(refresh.then(() => this.#followUp(view)))
      if (waits) await this.#wait(refresh, until - now, view.options.operationTimeoutMs)
      now = this.#runtime.now()
    }
    if (this.#health.degraded) return view.decideLocally(now)
    const decision = view.decide(now)
    return decision === 'ask' ? this.#ask(view, leaseMs, until, keep) : decision
  }

  /** Is nothing under way, nor waiting for its gap? */
  mayFlush(now: number): boolean {
    return this.#health.mayAsk(now) && !isWithin(this.#flight, now) && !isWithin(this.#next, now)
  }

  /** Sends what is due and reads, in the background. */
  async flush(view: View, cargo: Cargo = 'due'): Promise<void> {
    const now = this.#runtime.now()
    if (!this.mayFlush(now)) return
    const gap = Math.min(this.#gapUntil - now, LONGEST_GAP_MS)
    if (gap > 0) {
      const next = { from: now, until: now + gap + LONGEST_GAP_MS }
      this.#next = next
      await this.#runtime.after(gap)
      // A call that could not wait took what there was along; or the storage does not answer.
      if (this.#next !== next || !this.#health.mayAsk(this.#runtime.now())) return
    }
    await this.#exchange(view, cargo)
    await this.#followUp(view)
  }

  /** What came in meanwhile and should not wait goes next: the calls that brought it found an exchange under way. */
  async #followUp(view: View): Promise<void> {
    const now = this.#runtime.now()
    if (this.#health.degraded) return
    for (const each of this.#views) if (each.mustReport(now)) return this.flush(view)
    for (const each of this.#views) if (each.lookout.due) return this.flush(each, 'urgent')
  }

  /** Sends everything there is; ends when it is stored, or kept because the storage does not answer. */
  async flushAll(view: View): Promise<void> {
    for (let round = 0; !view.outbox.empty && round < MOST_ROUNDS; ) {
      // What another request sent is waited for by the clock: see #follow.
      if (view.outbox.next(this.#runtime.now()) === undefined) {
        await this.#runtime.after(FOLLOW_MS)
        continue
      }
      round++
      await this.#exchange(view, 'all')
      if (this.#health.degraded) return
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

  /** Reads, having sent everything. Rejects where the storage does not answer. */
  async refresh(view: View): Promise<Snapshot> {
    await this.flushAll(view)
    return this.#direct(view, () => this.#storage.exchange([view.id]))
  }

  /** Hands an operator's command on. Rejects where the storage does not answer. */
  async control(view: View, command: ControlRequest['command']): Promise<Snapshot> {
    return this.#direct(view, async () => [await this.#storage.control({ ...view.id, command })])
  }

  async #direct(view: View, operation: () => Promise<readonly Exchanged[]>): Promise<Snapshot> {
    const sent = ++this.#sent
    const [answer] = await operation()
    this.#answered()
    view.adoptExchanged(answer!, undefined, sent, this.#runtime.now())
    return answer!.snapshot
  }

  /** Asks the storage, and waits for its answer `until` then. */
  async #ask(view: View, leaseMs: number, until: number, keep: Keep): Promise<Grant | Rejection> {
    const { maxStalenessMs, operationTimeoutMs } = view.options
    const asked = this.#runtime.now()
    // More asking at once than the fleet may have probes out: all but so many would be rejected anyway.
    const tooMany =
      maxStalenessMs > 0 && view.asking.underWay(asked) >= view.settings.probeConcurrency
    if (tooMany || isWithin(this.#impatient, asked)) return this.#unasked(view, asked)
    const done = view.asking.begin({ from: asked, until: asked + operationTimeoutMs })
    const sent = ++this.#sent
    const { settings, state } = view
    const { resourceKey, namespace } = view.id
    const answer = this.#storage
      .acquire({ resourceKey, namespace, settings, leaseMs, expected: state.status })
      .then(
        (admission) => {
          this.#answered()
          return view.adoptAdmission(admission, sent, this.#runtime.now())
        },
        (error) => this.#failed(error),
      )
      .finally(done)
    let late = false
    // A caller may go away and take its request along: the probe that it was given would hold its place until its lease ends.
    keep(
      answer.then((verdict) =>
        late && verdict !== undefined && 'generation' in verdict
          ? this.#giveBack(view, verdict)
          : undefined,
      ),
    )
    const verdict = await within(answer, Math.max(0, until - asked), this.#runtime)
    if (verdict !== undefined) return verdict
    const now = this.#runtime.now()
    if (now >= until && !this.#health.degraded) {
      late = true
      this.#impatient = { from: now, until: now + operationTimeoutMs }
      this.#watch(answer, operationTimeoutMs - (now - asked))
    }
    return this.#unasked(view, now)
  }

  /** A probe came too late for its call: nobody will make it. */
  async #giveBack(view: View, grant: Grant): Promise<void> {
    view.release(grant, this.#runtime.now())
    await this.#followUp(view)
  }

  /** The verdict on a call for which the storage cannot be asked. */
  #unasked(view: View, now: number): Grant | Rejection {
    if (this.#health.degraded) return view.decideLocally(now)
    const decision = view.decide(now)
    return decision === 'ask' ? view.rejection(now) : decision
  }

  /** Sends one batch by itself, beside whatever else is under way. */
  async report(view: View, batch: Batch): Promise<void> {
    const now = this.#runtime.now()
    if (!this.#health.mayAsk(now)) return
    await this.#operate([this.#loaded(view, batch, now)], view.options.operationTimeoutMs)
    await this.#followUp(view)
  }

  async #exchange(view: View, cargo: Cargo): Promise<void> {
    const now = this.#runtime.now()
    const { operationTimeoutMs } = view.options
    const flight = { from: now, until: now + operationTimeoutMs }
    this.#flight = flight
    this.#next = NEVER
    await this.#operate(this.#load(view, now, cargo), operationTimeoutMs)
    if (this.#flight === flight) this.#flight = NEVER
    const after = this.#runtime.now()
    this.#gapUntil =
      after + Math.min(LONGEST_GAP_MS, Math.max(SHORTEST_GAP_MS, GAP_PER_LATENCY * (after - now)))
  }

  async #operate(load: readonly Load[], operationTimeoutMs: number): Promise<void> {
    const operation = this.#send(load).catch((error) => this.#exchangeFailed(error, load))
    await this.#watch(operation, operationTimeoutMs)
  }

  /** What goes along: this view, and all others that have something to say or to ask. A recovery reads first. */
  #load(view: View, now: number, cargo: Cargo): Load[] {
    const recovering = this.#health.degraded
    const others = [...this.#views].filter(
      (other) =>
        other !== view &&
        (other.wantsReport(now) ||
          other.lookout.due ||
          (other.snapshot !== null && other.wantsRefresh(now))),
    )
    return [view, ...others].slice(0, MOST_KEYS).map((each) => {
      each.outbox.trim(now)
      const due = cargo === 'due' && (each.wantsReport(now) || each.reportsWithRefresh())
      const reports = !recovering && (due || cargo === 'all' || each.mustReport(now))
      return this.#loaded(each, reports ? each.outbox.next(now) : undefined, now)
    })
  }

  #loaded(view: View, batch: Batch | undefined, now: number): Load {
    view.lookout.looks()
    if (batch === undefined) return { view }
    const busy = { from: now, until: now + view.options.operationTimeoutMs }
    return { view, batch, report: view.outbox.report(batch, view.snapshot, view.settings, busy) }
  }

  async #send(load: readonly Load[]): Promise<void> {
    const sent = ++this.#sent
    const answers = await this.#storage.exchange(
      load.map(
        ({ view, report }): ExchangeRequest =>
          report === undefined ? view.id : { ...view.id, report },
      ),
    )
    const now = this.#runtime.now()
    this.#answered()
    load.forEach(({ view, batch }, i) => {
      view.adoptExchanged(answers[i]!, batch, sent, now)
    })
  }

  /** A value that the database refuses would be refused with all that travels beside it, again and again: each goes alone. */
  async #exchangeFailed(error: unknown, load: readonly Load[]): Promise<void> {
    for (const { batch } of load) if (batch !== undefined) batch.busy = NEVER
    if (codeOf(error) !== 'BAD_DATA') return void this.#failed(error)
    if (load.length === 1) return load[0]!.batch && load[0]!.view.outbox.refused(load[0]!.batch)
    for (const each of load)
      await this.#send([each]).catch((inner) => this.#exchangeFailed(inner, [each]))
  }

  /** Counts an operation as failed that takes longer than `ms`; its answer is taken all the same, if it comes. */
  async #watch(operation: Promise<unknown>, ms: number): Promise<void> {
    const done = await within(
      operation.then(() => true),
      ms,
      this.#runtime,
    )
    if (done === undefined) this.#failed(new Error('no answer within the operation timeout'))
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
  async #follow(view: View, from: number): Promise<number> {
    let now = from
    for (
      let waited = 0;
      waited < view.options.storageTimeoutMs && this.#shouldFollow(view, now);
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

  #answered(): void {
    this.#impatient = NEVER
    if (this.#health.answered()) for (const view of this.#views) view.recover()
  }

  #failed(error: unknown): undefined {
    // The database said that it counted nothing and is well: that is not an outage.
    if (codeOf(error) === 'STORAGE_BUSY') return
    if (this.#health.failed(this.#runtime.now()))
      for (const view of this.#views) view.degrade(error)
  }
}

interface Load {
  readonly view: View
  readonly batch?: Batch
  readonly report?: NonNullable<ExchangeRequest['report']>
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

const replicas = new WeakMap<CircuitStorage, Replica>()

/** The replica of a storage: one for all breakers that share it. */
export function replicaOf(storage: CircuitStorage, runtime: Runtime): Replica {
  let replica = replicas.get(storage)
  if (replica === undefined) {
    replica = new Replica(storage, runtime)
    replicas.set(storage, replica)
  }
  return replica
}

/** Sends what all breakers of this storage hold. */
export async function flushStorage(storage: CircuitStorage): Promise<void> {
  await replicas.get(storage)?.flushEvery()
}
