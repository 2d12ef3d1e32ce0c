import { type Grant, type Rejection, recorded, unrecorded } from '../breaker/line.ts'
import type { BreakerListener } from '../breaker/listener.ts'
import type { ResolvedReplicaOptions } from '../breaker/replica-options.ts'
import type { Runtime } from '../breaker/runtime.ts'
import { hasRoom } from '../core/admit.ts'
import { advance, count } from '../core/buckets.ts'
import { failuresIn } from '../core/log.ts'
import { opened } from '../core/move.ts'
import { replay } from '../core/report.ts'
import { failTogether } from '../core/reporters.ts'
import { cooldownAfter, type Settings } from '../core/settings.ts'
import { retryAfterMs, type Snapshot } from '../core/snapshot.ts'
import { activeOverride, BLANK, type BreakerState, isDue, type StoredState } from '../core/state.ts'
import type { BreakerId } from './admin.ts'
import { Announcer } from './announcer.ts'
import { Asking } from './asking.ts'
import type { Batch, Origin } from './batch.ts'
import { Freshness } from './freshness.ts'
import { Health } from './health.ts'
import { admittedLocally, reportedLocally } from './local.ts'
import { Lookout } from './lookout.ts'
import { reportsRefused } from './notices.ts'
import { Outbox } from './outbox.ts'
import { OwnOutcomes } from './own-outcomes.ts'
import type { Admission, Exchanged } from './port.ts'
import { Presence } from './presence.ts'
import { horizon, isSettled } from './settled.ts'
import { Solo } from './solo.ts'
import { Thinning } from './thinning.ts'

/** What an outcome calls for: that this batch is sent now, that the storage is looked at now, or nothing yet. */
export type Sequel = Batch | 'look' | undefined

/** What a view can say of a call without the storage; `'ask'`: only the storage can. */
type Decision = Grant | Rejection | 'ask'

/** How long successes wait while the shared window holds a failure, or is not full. */
const EAGER_MS = 1_000
/** When a success looks after a failure before it that is not on its way: its request may be gone. */
const RETRY_MS = 10

/** One isolate's view of one breaker: what the storage last said, and what happened here since. */
export class View {
  readonly id: BreakerId
  readonly settings: Settings
  readonly options: ResolvedReplicaOptions
  readonly outbox: Outbox
  readonly #runtime: Runtime
  readonly listener: BreakerListener
  readonly #announcer: Announcer
  readonly #freshness: Freshness
  readonly asking: Asking
  readonly #thinning = new Thinning()
  readonly lookout = new Lookout()
  readonly #own: OwnOutcomes
  readonly presence: Presence
  /** Null where no other isolate reports, or where one may open the breaker for all. */
  readonly #solo: Solo | null
  /** Was it drawn to tell of the very next call? */
  #tellsNow = false
  /** Does it reject by itself, because its own calls fail and those of others do not? */
  #alone = false
  readonly #refusal: Health
  readonly #strong: boolean
  #snapshot: Snapshot | null = null
  #adopted = 0
  /** Where this isolate's own view differs from the snapshot: it tripped first, or the storage does not answer. */
  #local: StoredState | null = null
  /** The grant of a closed and fresh view, ready made: the hot path hands it out as it is. */
  #closed: Grant | null = null
  /** Has a success nothing to say, as the snapshot stands? */
  #settled = false
  /** From when on a success takes along what waits. */
  #reportFrom = Number.POSITIVE_INFINITY
  /** How many outcomes are as many as may wait. */
  readonly #fullAt: number
  #lastReport = Number.NEGATIVE_INFINITY
  #degraded = false
  /** Was its listener told that the storage fails, and not yet that it is well again? */
  #inOutage = false

  constructor(
    id: BreakerId,
    settings: Settings,
    options: ResolvedReplicaOptions,
    listener: BreakerListener,
    runtime: Runtime,
  ) {
    this.id = id
    this.settings = settings
    this.options = options
    this.#strong = options.maxStalenessMs === 0
    this.listener = listener
    this.#announcer = new Announcer(listener)
    this.#own = new OwnOutcomes(settings)
    this.presence = new Presence(settings, options.maxStalenessMs, runtime)
    this.#solo = options.shared && settings.reporters > 1 ? new Solo(settings) : null
    this.#runtime = runtime
    this.#refusal = new Health(runtime)
    this.#freshness = new Freshness(runtime, options.maxStalenessMs)
    this.asking = new Asking(runtime, options.maxStalenessMs)
    const { maxBuffered, maxOutcomeAgeMs, shared } = options
    const longestRun =
      'outOf' in settings.trip ? horizon(settings.trip.outOf) : Number.POSITIVE_INFINITY
    this.#fullAt = 'outOf' in settings.trip ? Number.POSITIVE_INFINITY : Math.ceil(maxBuffered / 2)
    this.outbox = new Outbox(
      runtime,
      { maxBuffered, maxOutcomeAgeMs, longestRun, shared },
      (dropped) => listener.dropped(dropped),
    )
  }

  /** The number of the newest request whose answer was taken. */
  get adopted(): number {
    return this.#adopted
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot
  }

  /** This isolate's own view. */
  get state(): BreakerState {
    return this.#local ?? this.#snapshot ?? BLANK
  }

  /** The state with own unsent outcomes in it, its window moved on to `now`. */
  read(now: number): BreakerState {
    const { state } = this
    const { trip } = this.settings
    const unsent = this.#local === null ? this.outbox.bits(state.generation) : ''
    const log = state.log + unsent
    if (state.status !== 'CLOSED' || 'outOf' in trip) return { ...state, log }
    const failures = failuresIn(unsent)
    const buckets = advance(state.buckets, trip.bucketMs, this.storageTime(now))
    return { ...state, log, buckets: count(buckets, unsent.length - failures, failures) }
  }

  /** The grant of a closed and fresh view, or null. The hot path: no I/O and nothing allocated. */
  closedGrant(now: number): Grant | null {
    return this.#freshness.isFresh(now) ? this.#closed : null
  }

  /** Has the view passed its bound, or does it not know anything yet? */
  isStale(now: number): boolean {
    return !this.#freshness.isFresh(now)
  }

  wantsRefresh(now: number): boolean {
    return this.#freshness.wantsRefresh(now)
  }

  /** Is there something that should be sent now? */
  wantsReport(now: number): boolean {
    if (this.isRefused(now)) return false
    return this.outbox.next(now) !== undefined && (now >= this.#reportFrom || this.outbox.hurries)
  }

  /** Is there something that cannot wait, and may be sent? */
  mustReport(now: number): boolean {
    return !this.isRefused(now) && this.outbox.hurries && this.outbox.next(now) !== undefined
  }

  /** Does a report go along with a refresh? A success that adds nothing to a clean and full window can wait. */
  reportsWithRefresh(): boolean {
    return !this.outbox.empty && (this.state.status !== 'CLOSED' || !this.#settled)
  }

  decide(now: number): Decision {
    const state = this.state
    const t = this.storageTime(now)
    const override = activeOverride(state, t)?.kind
    if (override === 'DISABLED') return unrecorded(state.generation, false)
    if (state.status === 'CLOSED') return recorded(state.generation)
    const mayAsk = this.asking.waits(state.status, now) <= 0
    if (mayAsk && (state.status === 'HALF_OPEN' || isDue(state, t))) return 'ask'
    if (override === 'METRICS_ONLY') return unrecorded(state.generation, true)
    return this.rejection(now)
  }

  /** Why a call is rejected, and for how long. */
  rejection(now: number): Rejection {
    const state = this.state
    const t = this.storageTime(now)
    const known = retryAfterMs(state, t)
    const own = this.asking.waits(state.status, now)
    const forced = activeOverride(state, t)?.kind === 'FORCED_OPEN'
    return {
      reason: forced ? 'FORCED_OPEN' : state.status === 'OPEN' ? 'OPEN' : 'HALF_OPEN',
      retryAfterMs: known === null ? null : Math.max(known, own, 0),
      snapshot: this.#snapshot,
    }
  }

  /** Decides on local state, while the storage does not answer. Nothing of it ever reaches the storage. */
  decideLocally(now: number): Grant | Rejection {
    const isWell = this.#alone && !this.#degraded && !this.#refusal.degraded
    const whenDegraded = isWell ? 'local' : this.options.whenDegraded
    if (whenDegraded === 'reject')
      return { reason: 'DEGRADED', retryAfterMs: null, snapshot: this.#snapshot }
    if (whenDegraded === 'allow') return unrecorded(this.state.generation, false)
    const t = this.storageTime(now)
    const step = admittedLocally(this.#localState(t), this.settings, t)
    this.#setLocal(step.state)
    const { generation } = step.state
    if (step.verdict === 'rejected') return this.rejection(now)
    if (step.verdict === 'would-reject') return unrecorded(generation, true)
    if (activeOverride(step.state, t)?.kind === 'DISABLED') return unrecorded(generation, false)
    const local = step.token !== undefined || generation !== (this.#snapshot?.generation ?? 0)
    return { ...recorded(generation, step.token), local }
  }

  /** Takes a success in. The second half of the hot path. */
  succeed(grant: Grant, now: number): Sequel {
    if (grant !== this.#closed && !this.#counts(grant, false, null, false, now)) return undefined
    if (grant.token === null) {
      this.presence.called()
      this.#solo?.succeeded(now)
    }
    if (this.#thinning.share < 1) {
      this.lookout.succeeded()
      if (this.#isThinnedOut(grant)) return undefined
    }
    const batch = this.outbox.open(grant.generation)
    if (grant.token === null) batch.success()
    else batch.probe(grant.token, false, null, false, now)
    if (this.#strong) batch.hurry(now)
    const full = batch.size > this.options.maxBuffered || (this.#strong && this.outbox.overfull)
    if (full) this.outbox.trim(now)
    const due = now >= this.#reportFrom || batch.size >= this.#fullAt
    if (this.#strong || grant.token !== null || due) return batch
    if (!this.#tellsNow) return undefined
    this.#tellsNow = false
    return 'look'
  }

  /** Takes a failure in. `trip`: whatever the window holds. */
  fail(grant: Grant, retryAfterMs: number | null, trip: boolean, now: number): Sequel {
    if (!this.#counts(grant, true, retryAfterMs, trip, now)) return undefined
    if (grant.token === null) {
      this.presence.called()
      this.#solo?.failed(now)
    }
    if (this.#isThinnedOut(grant)) return this.lookout.leftOut(now) ? 'look' : undefined
    const batch = this.outbox.open(grant.generation)
    this.#own.failure(batch, batch.run)
    if (grant.token === null) batch.failure(retryAfterMs, trip, now)
    else batch.probe(grant.token, true, retryAfterMs, trip, now)
    this.#reportFrom = Math.min(this.#reportFrom, now + RETRY_MS)
    this.outbox.trim(now)
    this.#tripFirst(trip, now)
    return batch
  }

  /** Does this outcome concern the storage? What it does to a local state is done here. */
  #counts(
    grant: Grant,
    failed: boolean,
    retryAfterMs: number | null,
    trip: boolean,
    now: number,
  ): boolean {
    if (grant.wouldReject) this.outbox.open(grant.generation).wouldReject()
    if (!grant.recorded) return false
    const { generation, token } = grant
    if (grant.local || this.isLocal) {
      this.#reportLocally(
        {
          generation,
          outcomes: failed ? '1' : '0',
          tokens: token === null ? [] : [token],
          retryAfterMs,
          trip,
        },
        now,
      )
    }
    return !grant.local && !this.#isPast(grant, retryAfterMs)
  }

  /** Of a generation that has passed only a wish to be left alone counts, and only of the last one. */
  #isPast({ generation }: Grant, retryAfterMs: number | null): boolean {
    const snapshot = this.#snapshot
    if (snapshot === null || generation >= snapshot.generation) return false
    return retryAfterMs === null || generation !== snapshot.previousGeneration
  }

  /** A row that is written too often gets only a share of all outcomes. A probe's never is among those left out. */
  #isThinnedOut(grant: Grant): boolean {
    const { share } = this.#thinning
    return grant.token === null && share < 1 && this.#runtime.random() >= share
  }

  /** A probe without an outcome gives its place back. @returns the batch that says so, where the storage is to be told */
  release(grant: Grant, now: number): Batch | undefined {
    if (grant.token === null) return undefined
    if (grant.local) {
      this.#reportLocally({ generation: grant.generation, released: [grant.token] }, now)
      return undefined
    }
    const batch = this.outbox.open(grant.generation)
    batch.release(grant.token, now)
    return batch
  }

  /** What the storage answered to a report or a read. `sent` orders requests: an answer to an older one says nothing new. */
  adoptExchanged(answer: Exchanged, batch: Batch | undefined, sent: number, now: number): void {
    if (batch !== undefined) {
      this.#refusal.answered()
      this.outbox.answered(batch, answer.verdict)
      if (answer.verdict !== 'unknown') this.#lastReport = now
    }
    this.#adopt(answer, sent, now)
    // Its own failures were judged, all of them, and the fleet goes on.
    const isJudged = answer.verdict === 'counted' && !this.outbox.hurries
    if (isJudged && this.#solo?.tripped && this.#local === null) this.#stopAlone(now)
  }

  /** What the storage answered to a wish to call. */
  adoptAdmission(admission: Admission, sent: number, now: number): Grant | Rejection {
    this.#adopt(admission, sent, now)
    const { generation } = admission.snapshot
    switch (admission.verdict) {
      case 'probe':
        return recorded(generation, admission.token)
      case 'admitted': {
        const { snapshot } = admission
        return activeOverride(snapshot, snapshot.at)?.kind === 'DISABLED'
          ? unrecorded(generation, false)
          : recorded(generation)
      }
      case 'would-reject':
        return unrecorded(generation, true)
      default:
        if (this.state.status === 'HALF_OPEN')
          this.asking.rejected(admission.snapshot.retryAfterMs, now)
        return this.rejection(now)
    }
  }

  /**
   * The storage is well and will not have what this breaker sends: the breaker goes on by itself. It tries again after pauses that
   * grow, and is itself again once a report is taken.
   */
  refuse(error: unknown, batch: Batch | undefined, now: number): void {
    const first = this.#refusal.failed(now) === 'degraded'
    if (first) this.#setLocal(this.#localState(this.storageTime(now)))
    if (batch !== undefined) this.outbox.refused(batch)
    if (first) this.listener.notice(reportsRefused(this.id.resourceKey, error))
  }

  /** Does it run on local state, whatever the storage says? */
  get isLocal(): boolean {
    return this.#degraded || this.#refusal.degraded || this.#alone
  }

  /** Is it too early to send again what the storage will probably refuse? */
  isRefused(now: number): boolean {
    return !this.#refusal.mayAsk(now)
  }

  /** `isFirst`: of an outage; there may be more where the storage reads and does not write. */
  degrade(error: unknown, isFirst: boolean): void {
    this.#degraded = true
    this.#closed = null
    if (isFirst) {
      this.#inOutage = true
      this.listener.degraded(error)
    }
    this.#announceLocal()
  }

  /**
   * The storage answers again; its snapshot follows, and until then the local state stands. `isLast`: the outage is over, for the
   * storage writes, too.
   */
  recover(isLast: boolean): void {
    this.#degraded = false
    if (!isLast || !this.#inOutage) return
    this.#inOutage = false
    this.listener.recovered()
  }

  /** The storage's clock, as far as it can be told from here. */
  storageTime(now: number): number {
    return this.#snapshot === null ? now : this.#snapshot.at + this.#freshness.age(now)
  }

  #adopt(answer: Exchanged, sent: number, now: number): void {
    if (sent < this.#adopted) return this.#announce(answer.transitions)
    const { snapshot } = answer
    if (this.#freshness.received(now)) this.#forgetInstants()
    if (!this.#strong) this.#thin(snapshot)
    // What one isolate says at once of a new generation, and what all others keep for later, would not be the same.
    if (snapshot.generation !== this.#snapshot?.generation)
      this.#lastReport = Number.NEGATIVE_INFINITY
    if (snapshot.status === 'HALF_OPEN' && hasRoom(snapshot, this.settings, snapshot.at))
      this.asking.placeFreed()
    this.#adopted = sent
    const same =
      snapshot.generation === this.#snapshot?.generation &&
      snapshot.override?.kind === this.#snapshot.override?.kind
    // Where it takes no reports, the storage knows less than this isolate; but it knows of orders.
    if (!(same && (this.#refusal.degraded || this.#alone))) {
      this.#local = null
      this.#alone = false
    }
    if (snapshot.generation !== this.#snapshot?.generation) this.#solo?.reset()
    this.#snapshot = snapshot
    this.#own.forget()
    this.outbox.supersede(snapshot)
    this.#settled = isSettled(snapshot, this.settings)
    if (this.#settled) this.outbox.calm()
    const next = this.presence.answered(snapshot, now)
    this.#tellsNow = next === 'tell'
    const calm = next === 'report' ? now : Number.POSITIVE_INFINITY
    const quietUntil = this.#settled ? calm : this.#lastReport + EAGER_MS
    this.#reportFrom = this.outbox.hurries ? now : Math.max(now, quietUntil)
    const asks = this.asking.scheduleAfterCooldown(snapshot, now)
    if (asks !== undefined) this.#freshness.isAskedAt(asks)
    this.#readyGrant(snapshot)
    this.#tripFirst(false, now)
    this.#announce(answer.transitions)
  }

  #readyGrant({ status, override, generation }: Snapshot): void {
    const admitsAll = status === 'CLOSED' && override === null && !this.isLocal
    this.#closed = admitsAll ? recorded(generation) : null
  }

  /** Opens as a breaker of this isolate's own would, until a probe of its own succeeds or the storage has another generation. */
  #stopAlone(now: number): void {
    const snapshot = this.#snapshot
    if (snapshot?.status !== 'CLOSED') return
    const { settings } = this
    const { reporter } = this.presence
    if (failTogether(snapshot, { settings, ...(reporter && { reporter }) }, snapshot.at)) return
    // The row is told soon: by that it knows that others who fail are not alone.
    this.#freshness.refreshNext()
    this.#alone = true
    const cause = 'outOf' in this.settings.trip ? 'failure_limit' : 'failure_rate'
    const cooldownMs = cooldownAfter(this.settings, snapshot.opens + 1)
    const t = this.storageTime(now)
    this.#setLocal(opened({ ...snapshot, flushIds: [] }, cause, t, cooldownMs))
  }

  #goOnTogether(snapshot: Snapshot): void {
    this.#alone = false
    this.#local = null
    this.#solo?.reset()
    this.#readyGrant(snapshot)
  }

  /** What goes along with a read, so that the row knows of this isolate. */
  show(now: number): ReturnType<Presence['show']> {
    return this.presence.show(this.#snapshot, this.#alone, now)
  }

  /** What a report says besides its outcomes: whose they are, and what they stand for. */
  origin(now: number): Origin {
    const { reporter } = this.presence
    const tell = this.presence.tell(this.#snapshot, now)
    const { share } = this.#thinning
    return {
      ...(reporter && { reporter }),
      ...(tell && { tell }),
      ...(share < 1 && { told: share }),
    }
  }

  #announce(made: Exchanged['transitions']): void {
    const snapshot = this.#snapshot
    if (snapshot === null) return
    const stands = this.isLocal && this.#local !== null
    this.#announcer.announce(made, snapshot, stands || this.outbox.awaits(snapshot.generation))
  }

  /** Only while the storage does not answer: else its next answer confirms a local status, or lifts it. */
  #announceLocal(): void {
    const local = this.#local
    if (!this.isLocal || local === null) return
    const snapshot = this.#snapshot
    if (local.generation === (snapshot?.generation ?? 0)) return
    this.#announcer.announceLocal(local, this.storageTime(this.#runtime.now()), snapshot)
  }

  #thin(snapshot: Snapshot): void {
    const before = this.#thinning.share
    this.#thinning.observe(snapshot)
    if (this.#thinning.share < before) this.outbox.thin(this.#thinning.share / before)
  }

  /** What was set by a clock that stepped back since is ages away. */
  #forgetInstants(): void {
    this.asking.forgetInstants()
    this.lookout.forgetInstants()
    this.#lastReport = Number.NEGATIVE_INFINITY
  }

  /** Stops this isolate as soon as its own view trips; the storage's next answer confirms that, or lifts it. */
  #tripFirst(trip: boolean, now: number): void {
    // An isolate that never had an answer has its own outcomes to judge by.
    const snapshot = this.#snapshot ?? BLANK
    if (snapshot.status !== 'CLOSED' || this.#local !== null) return
    const t = this.storageTime(now)
    const unsent = () => this.outbox.bits(snapshot.generation)
    if (!this.#own.trip(snapshot, unsent, t) && !trip) return
    const { state, cause } = replay(snapshot, unsent(), this.settings, t)
    const cooldownMs = cooldownAfter(this.settings, snapshot.opens + 1)
    this.#setLocal(opened({ ...state, flushIds: [] }, cause ?? 'retry_after', t, cooldownMs))
  }

  /** The state that a degraded isolate goes on from. */
  #localState(t: number): StoredState {
    if (this.#local !== null) return this.#local
    const state: StoredState = { ...(this.#snapshot ?? BLANK), flushIds: [] }
    if (state.status !== 'CLOSED') return state
    return replay(state, this.outbox.bits(state.generation), this.settings, t).state
  }

  #reportLocally(report: Parameters<typeof reportedLocally>[1], now: number): void {
    const t = this.storageTime(now)
    this.#setLocal(
      reportedLocally(this.#localState(t), report, this.settings, t, this.#runtime.random()),
    )
    const recovered = this.#alone && this.#local?.status === 'CLOSED'
    if (recovered && this.#snapshot !== null) this.#goOnTogether(this.#snapshot)
  }

  #setLocal(state: StoredState): void {
    this.#local = state
    this.#closed = null
    this.#announceLocal()
  }
}
