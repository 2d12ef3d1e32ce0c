import { failuresIn } from '../core/log.ts'
import { opened } from '../core/move.ts'
import type { RejectionReason } from '../core/rejection.ts'
import { replay } from '../core/report.ts'
import { cooldownAfter, type Settings } from '../core/settings.ts'
import { retryAfterMs, type Snapshot } from '../core/snapshot.ts'
import { activeOverride, BLANK, type BreakerState, type CircuitState, isDue, type StoredState } from '../core/state.ts'
import { transition } from '../core/transition.ts'
import type { Admission, BreakerId, Exchanged } from '../storage/port.ts'
import type { Batch } from './batch.ts'
import type { ViewListener } from './listener.ts'
import type { ResolvedReplicaOptions } from './options.ts'
import { Outbox } from './outbox.ts'
import type { Runtime } from './runtime.ts'
import { Thinning } from './thinning.ts'

/** The right to make one call. */
export interface Grant {
  readonly generation: number
  /** The token of a probe. */
  readonly token: number | null
  /** False where the outcome is not to be recorded: an operator said so. */
  readonly recorded: boolean
  /** True where the storage knows nothing of this generation: the outcome stays in this isolate. */
  readonly local: boolean
  /** True where `METRICS_ONLY` let a call through that would have been rejected. */
  readonly wouldReject: boolean
}

export interface Rejection {
  readonly reason: RejectionReason
  readonly retryAfterMs: number | null
}

/** What a view can say of a call without the storage; `'ask'`: only the storage can. */
export type Decision = Grant | Rejection | 'ask'

/** The share of the bound after which a view is refreshed in the background, and how far isolates spread from each other there. */
const REFRESH_SHARE = 0.8
const REFRESH_SPREAD = 0.1
/** How long successes wait while the shared window holds a failure. */
const EAGER_MS = 1_000

const unrecorded = (generation: number, wouldReject: boolean): Grant => ({
  generation,
  token: null,
  recorded: false,
  local: false,
  wouldReject,
})

/** One isolate's view of one breaker: what the storage last said, and what happened here since. */
export class View {
  readonly id: BreakerId
  readonly settings: Settings
  readonly options: ResolvedReplicaOptions
  readonly outbox: Outbox
  readonly #runtime: Runtime
  readonly #listener: ViewListener
  readonly #thinning = new Thinning()
  #snapshot: Snapshot | null = null
  /** When the snapshot came, on the isolate's clock. */
  #receivedAt = 0
  #adopted = 0
  #seenStatus: CircuitState | null = null
  /** Where this isolate's own view differs from the snapshot: it tripped first, or the storage does not answer. */
  #local: StoredState | null = null
  /** The grant of a closed and fresh view, ready made: the hot path hands it out as it is. */
  #closed: Grant | null = null
  #freshUntil = Number.NEGATIVE_INFINITY
  #refreshFrom = Number.NEGATIVE_INFINITY
  #successesFrom = Number.POSITIVE_INFINITY
  #askFrom = 0
  #rejectUntil = 0
  #lastReport = Number.NEGATIVE_INFINITY
  /** Acquires under way. */
  asking = 0

  constructor(id: BreakerId, settings: Settings, options: ResolvedReplicaOptions, listener: ViewListener, runtime: Runtime) {
    this.id = id
    this.settings = settings
    this.options = options
    this.#listener = listener
    this.#runtime = runtime
    this.outbox = new Outbox(runtime, options, (dropped) => listener.dropped(dropped))
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot
  }

  /** This isolate's own view. */
  get state(): BreakerState {
    return this.#local ?? this.#snapshot ?? BLANK
  }

  /** Own unsent outcomes included. */
  get log(): string {
    const state = this.state
    return this.#local === null ? state.log + this.outbox.bits(state.generation) : state.log
  }

  /** The grant of a closed and fresh view, or null. The hot path: no I/O and nothing allocated. */
  closedGrant(now: number): Grant | null {
    return now < this.#freshUntil && now >= this.#receivedAt ? this.#closed : null
  }

  /** Has the view passed its bound, or does it not know anything yet? */
  isStale(now: number): boolean {
    return !(now < this.#freshUntil && now >= this.#receivedAt)
  }

  /** Is it so old that it says nothing? */
  isCold(now: number): boolean {
    return this.#snapshot === null || now - this.#receivedAt > 2 * this.options.maxStalenessMs || now < this.#receivedAt
  }

  wantsRefresh(now: number): boolean {
    return now >= this.#refreshFrom || now < this.#receivedAt
  }

  /** Is there something that should be sent now? */
  wantsReport(now: number): boolean {
    return !this.outbox.empty && (now >= this.#successesFrom || this.outbox.urgent)
  }

  /** Does a report go along with a refresh? A success that adds nothing to a clean and full window can wait. */
  reportsWithRefresh(): boolean {
    return !this.outbox.empty && (this.outbox.urgent || this.state.status !== 'CLOSED' || !this.#isSettled())
  }

  decide(now: number): Decision {
    const state = this.state
    const t = this.storageTime(now)
    const override = activeOverride(state, t)?.kind
    if (override === 'DISABLED') return unrecorded(state.generation, false)
    if (state.status === 'CLOSED')
      return { generation: state.generation, token: null, recorded: true, local: false, wouldReject: false }
    if (state.status === 'OPEN' ? isDue(state, t) && now >= this.#askFrom : now >= this.#rejectUntil) return 'ask'
    if (override === 'METRICS_ONLY') return unrecorded(state.generation, true)
    return this.rejection(now)
  }

  /** Why a call is rejected, and for how long. */
  rejection(now: number): Rejection {
    const state = this.state
    const t = this.storageTime(now)
    const known = retryAfterMs(state, t)
    const own = state.status === 'OPEN' ? this.#askFrom - now : this.#rejectUntil - now
    const forced = activeOverride(state, t)?.kind === 'FORCED_OPEN'
    return {
      reason: forced ? 'FORCED_OPEN' : state.status === 'OPEN' ? 'OPEN' : 'HALF_OPEN',
      retryAfterMs: known === null ? null : Math.max(known, own, 0),
    }
  }

  /** Decides on local state, while the storage does not answer. Nothing of it ever reaches the storage. */
  decideLocally(now: number): Grant | Rejection {
    const { whenDegraded } = this.options
    if (whenDegraded === 'reject') return { reason: 'DEGRADED', retryAfterMs: null }
    if (whenDegraded === 'allow') return unrecorded(this.state.generation, false)
    const t = this.storageTime(now)
    const before = this.#localState(t)
    const settings = { ...this.settings, probeConcurrency: 1 }
    const step = transition(before, { type: 'acquire', leaseMs: this.settings.probeLeaseMs, settings }, t)
    this.#setLocal(step.state)
    if (step.verdict === 'rejected') return this.rejection(now)
    if (step.verdict === 'would-reject') return unrecorded(step.state.generation, true)
    const recorded = activeOverride(step.state, t)?.kind !== 'DISABLED'
    return {
      generation: step.state.generation,
      token: step.token ?? null,
      recorded,
      local: this.#isLocal(step.state),
      wouldReject: false,
    }
  }

  /** Takes an outcome in; answers the batch that should be sent now, if any. */
  record(grant: Grant, failed: boolean, retryAfterMs: number | null, trip: boolean, now: number): Batch | undefined {
    if (grant.wouldReject) this.outbox.open(grant.generation).wouldReject()
    if (!grant.recorded) return undefined
    if (grant.local || this.#degraded) this.#recordLocally(grant, failed, retryAfterMs, trip, now)
    if (grant.local) return undefined
    if (grant.token === null && this.#thinning.share < 1 && this.#runtime.random() >= this.#thinning.share) return undefined
    const strong = this.options.maxStalenessMs === 0
    const batch = this.outbox.open(grant.generation, strong)
    if (grant.token !== null) batch.probe(grant.token, failed, retryAfterMs, trip, now)
    else if (failed) this.#fail(batch, retryAfterMs, trip, now)
    else batch.success()
    return strong || failed || grant.token !== null || now >= this.#successesFrom || this.#owesReport ? batch : undefined
  }

  #fail(batch: Batch, retryAfterMs: number | null, trip: boolean, now: number): void {
    batch.failure(retryAfterMs, trip, now)
    this.#owesReport = true
    this.outbox.trim(now)
    this.#tripFirst(trip, now)
  }

  /** A probe without an outcome gives its place back. */
  release(grant: Grant, now: number): void {
    if (grant.token === null) return
    if (grant.local) this.#reportLocally({ released: [grant.token] }, grant, now)
    else this.outbox.open(grant.generation).release(grant.token, now)
  }

  /** What the storage answered to a report or a read. `sent` orders requests: an answer to an older one says nothing new. */
  adoptExchanged(answer: Exchanged, batch: Batch | undefined, sent: number, now: number): void {
    if (batch !== undefined) {
      this.outbox.answered(batch, answer.verdict)
      this.#lastReport = now
    }
    this.#adopt(answer, sent, now)
  }

  /** What the storage answered to a wish to call. */
  adoptAdmission(admission: Admission, sent: number, now: number): Grant | Rejection {
    this.#adopt(admission, sent, now)
    const { generation } = admission.snapshot
    switch (admission.verdict) {
      case 'probe':
        return { generation, token: admission.token, recorded: true, local: false, wouldReject: false }
      case 'admitted': {
        const recorded = activeOverride(admission.snapshot, admission.snapshot.at)?.kind !== 'DISABLED'
        return { generation, token: null, recorded, local: false, wouldReject: false }
      }
      case 'would-reject':
        return unrecorded(generation, true)
      default:
        if (this.state.status === 'HALF_OPEN' && this.options.maxStalenessMs > 0) {
          const wait = Math.min(admission.snapshot.retryAfterMs ?? 0, this.options.maxStalenessMs)
          this.#rejectUntil = now + wait * (0.8 + 0.4 * this.#runtime.random())
        }
        return this.rejection(now)
    }
  }

  degrade(error: unknown): void {
    this.#degraded = true
    this.#closed = null
    this.#listener.degraded(error)
  }

  /** The storage answers again; its snapshot follows, and until then the local state stands. */
  recover(): void {
    if (!this.#degraded) return
    this.#degraded = false
    this.#listener.recovered()
  }
  #degraded = false

  /** The storage's clock, as far as it can be told from here. */
  storageTime(now: number): number {
    return this.#snapshot === null ? now : this.#snapshot.at + Math.max(0, Math.floor(now - this.#receivedAt))
  }

  #adopt({ snapshot, transitions }: Exchanged, sent: number, now: number): void {
    if (sent < this.#adopted) return
    const cold = this.#snapshot === null
    this.#thinning.observe(this.#snapshot, snapshot)
    this.#adopted = sent
    this.#snapshot = snapshot
    this.#receivedAt = now
    this.#local = null
    this.outbox.supersede(snapshot)
    const { maxStalenessMs } = this.options
    this.#freshUntil = now + maxStalenessMs
    this.#refreshFrom = now + maxStalenessMs * (REFRESH_SHARE + REFRESH_SPREAD * this.#runtime.random())
    this.#successesFrom = this.#isSettled()
      ? Number.POSITIVE_INFINITY
      : this.#isDirty() || cold
        ? cold
          ? now
          : Math.max(now, this.#lastReport + EAGER_MS)
        : this.#refreshFrom
    this.#scheduleAsking(snapshot, now)
    this.#closed =
      snapshot.status === 'CLOSED' && snapshot.override === null && !this.#degraded
        ? { generation: snapshot.generation, token: null, recorded: true, local: false, wouldReject: false }
        : null
    this.#owesReport = this.outbox.urgent
    this.#tripFirst(false, now)
    this.#announce(snapshot, transitions)
  }

  /** The first to ask after a cooldown is not all of the fleet at once. */
  #scheduleAsking(snapshot: Snapshot, now: number): void {
    if (snapshot.status !== 'OPEN' || snapshot.retryAfterMs === null || this.options.maxStalenessMs === 0) {
      this.#askFrom = 0
    } else if (this.#askedGeneration !== snapshot.generation || snapshot.retryAfterMs > 0) {
      this.#askedGeneration = snapshot.generation
      this.#askFrom = now + snapshot.retryAfterMs + this.#runtime.random() * Math.min(0.1 * snapshot.cooldownMs, 1_000)
    }
  }
  #askedGeneration = -1
  /** A failure has not reached the storage yet: the next call tries again. */
  #owesReport = false

  #announce(snapshot: Snapshot, transitions: Exchanged['transitions']): void {
    let seen = this.#seenStatus
    const tell = (to: CircuitState, change: Parameters<ViewListener['statusChanged']>[2]) => {
      if (seen !== null && seen !== to) this.#listener.statusChanged(seen, to, change)
      seen = to
    }
    for (const line of transitions) {
      const { generation, at, cause, reason, actor } = line
      if (seen === null) seen = line.from
      tell(line.from, { generation: snapshot.previousGeneration, at, cause: null, reason: null, actor: null, origin: 'fleet' })
      tell(line.to, { generation, at, cause, reason, actor, origin: 'self' })
    }
    const { status, generation, cause } = snapshot
    tell(status, {
      generation,
      at: generation,
      cause,
      reason: snapshot.override?.reason ?? null,
      actor: snapshot.override?.actor ?? null,
      origin: 'fleet',
    })
    this.#seenStatus = seen
  }

  /** Stops this isolate as soon as its own view trips; the storage's next answer confirms that, or lifts it. */
  #tripFirst(trip: boolean, now: number): void {
    const snapshot = this.#snapshot
    if (snapshot === null || snapshot.status !== 'CLOSED' || this.#local !== null) return
    const own = this.outbox.bits(snapshot.generation)
    if (!own.includes('1')) return
    const t = this.storageTime(now)
    const replayed = replay(snapshot, own, this.settings, t)
    if (replayed.cause === null && !trip) return
    const cooldownMs = cooldownAfter(this.settings, snapshot.opens + 1)
    this.#setLocal(opened({ ...replayed.state, flushIds: [] }, replayed.cause ?? 'retry_after', t, cooldownMs))
  }

  /** The state that a degraded isolate goes on from. */
  #localState(t: number): StoredState {
    if (this.#local !== null) return this.#local
    const state: StoredState = { ...(this.#snapshot ?? BLANK), flushIds: [] }
    if (state.status !== 'CLOSED') return state
    return replay(state, this.outbox.bits(state.generation), this.settings, t).state
  }

  #recordLocally(grant: Grant, failed: boolean, retryAfterMs: number | null, trip: boolean, now: number): void {
    const tokens = grant.token === null ? [] : [grant.token]
    this.#reportLocally({ outcomes: failed ? '1' : '0', tokens, retryAfterMs, trip }, grant, now)
  }

  #reportLocally(
    report: { outcomes?: string; tokens?: number[]; released?: number[]; retryAfterMs?: number | null; trip?: boolean },
    grant: Grant,
    now: number,
  ): void {
    // A fleet that lost its storage should not come back in step: each isolate's cooldown is a little longer than the next one's.
    const longer = 1 + 0.5 * this.#runtime.random()
    const settings = { ...this.settings, cooldownMs: this.settings.cooldownMs.map((ms) => Math.ceil(ms * longer)) }
    const { outcomes = '', tokens = [], released = [], retryAfterMs = null, trip = false } = report
    const event = {
      type: 'report',
      generation: grant.generation,
      flushId: 0,
      since: null,
      outcomes,
      tokens,
      released,
      retryAfterMs,
      trip,
      wouldReject: 0,
      settings,
    } as const
    const t = this.storageTime(now)
    const { state } = transition({ ...this.#localState(t), flushIds: [] }, event, t)
    this.#setLocal({ ...state, flushIds: [] })
  }

  #setLocal(state: StoredState): void {
    this.#local = state
    this.#closed = null
  }

  #isLocal(state: BreakerState): boolean {
    return state.generation !== (this.#snapshot?.generation ?? 0)
  }

  /** Does the shared window hold a failure? */
  #isDirty(): boolean {
    const snapshot = this.#snapshot
    if (snapshot === null || snapshot.status !== 'CLOSED') return false
    const { trip } = this.settings
    return 'outOf' in trip ? failuresIn(snapshot.log, trip.outOf) > 0 : (snapshot.buckets?.failures.some((n) => n > 0) ?? false)
  }

  /** Is the shared window full of successes, so that one more says nothing? A time window moves on: it always wants its successes. */
  #isSettled(): boolean {
    const { trip } = this.settings
    return 'outOf' in trip && (this.#snapshot?.log.length ?? 0) >= trip.outOf && !this.#isDirty()
  }
}
