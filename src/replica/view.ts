import { hasRoom } from '../core/admit.ts'
import { MAX_WINDOW } from '../core/limits.ts'
import { failuresIn } from '../core/log.ts'
import { opened } from '../core/move.ts'
import { replay } from '../core/report.ts'
import { cooldownAfter, type Settings } from '../core/settings.ts'
import { retryAfterMs, type Snapshot } from '../core/snapshot.ts'
import { activeOverride, BLANK, type BreakerState, isDue, type StoredState } from '../core/state.ts'
import type { Admission, BreakerId, Exchanged } from '../storage/port.ts'
import { Announcer } from './announcer.ts'
import type { Batch } from './batch.ts'
import { type Decision, type Grant, type Rejection, recorded, unrecorded } from './grant.ts'
import type { ViewListener } from './listener.ts'
import { admittedLocally, reportedLocally } from './local.ts'
import type { ResolvedReplicaOptions } from './options.ts'
import { Outbox } from './outbox.ts'
import { OwnOutcomes } from './own-outcomes.ts'
import { isWithin, type Runtime, type Span } from './runtime.ts'
import { Thinning } from './thinning.ts'

/** What an outcome calls for: that this batch is sent now, that the storage is looked at now, or nothing yet. */
export type Sequel = Batch | 'look' | undefined

/** The share of the bound after which a view is refreshed in the background, and how far isolates spread from each other there. */
const REFRESH_SHARE = 0.8
const REFRESH_SPREAD = 0.15
/** How long successes wait while the shared window holds a failure, or is not full. */
const EAGER_MS = 1_000
/** When a success looks after a failure before it that is not on its way: its request may be gone. */
const RETRY_MS = 10

/** After how many failures in a row that nobody was told of a look each is too much. */
const FIRST_FAILURES = 8

/** How far the first asks after a cooldown spread, at most. */
const LONGEST_ASK_DELAY_MS = 1_000
/** How many windows back a failure still makes the shared window dirty: isolates must agree on that while answers are under way. */
const DIRTY_WINDOWS = 10

const horizon = (outOf: number): number => Math.min(MAX_WINDOW, DIRTY_WINDOWS * outOf)

/** One isolate's view of one breaker: what the storage last said, and what happened here since. */
export class View {
  readonly id: BreakerId
  readonly settings: Settings
  readonly options: ResolvedReplicaOptions
  readonly outbox: Outbox
  readonly #runtime: Runtime
  readonly listener: ViewListener
  readonly #announcer: Announcer
  readonly #thinning = new Thinning()
  readonly #own: OwnOutcomes
  readonly #strong: boolean
  #snapshot: Snapshot | null = null
  /** When the snapshot came, on the isolate's clock. */
  #receivedAt = 0
  #adopted = 0
  /** Where this isolate's own view differs from the snapshot: it tripped first, or the storage does not answer. */
  #local: StoredState | null = null
  /** The grant of a closed and fresh view, ready made: the hot path hands it out as it is. */
  #closed: Grant | null = null
  #freshUntil = Number.NEGATIVE_INFINITY
  #refreshFrom = Number.NEGATIVE_INFINITY
  /** From when on a success takes along what waits. */
  #reportFrom = Number.POSITIVE_INFINITY
  #askFrom = 0
  #rejectUntil = 0
  /** How many outcomes are as many as may wait. */
  readonly #fullAt: number
  #lastReport = Number.NEGATIVE_INFINITY
  /** Of late, while outcomes are thinned. */
  #failuresInRow = 0
  #degraded = false
  /** When it last read because of a failure that it told nobody of. */
  #lookedAt = Number.NEGATIVE_INFINITY
  /** Is such a read still to be sent? */
  #looks = false
  /** Acquires under way. One of a request that was torn down never says that it is done. */
  readonly #asks = new Set<Span>()

  constructor(id: BreakerId, settings: Settings, options: ResolvedReplicaOptions, listener: ViewListener, runtime: Runtime) {
    this.id = id
    this.settings = settings
    this.options = options
    this.#strong = options.maxStalenessMs === 0
    this.listener = listener
    this.#announcer = new Announcer(listener)
    this.#own = new OwnOutcomes(settings)
    this.#runtime = runtime
    const { maxBuffered, maxOutcomeAgeMs } = options
    const longestRun = 'outOf' in settings.trip ? horizon(settings.trip.outOf) : Number.POSITIVE_INFINITY
    this.#fullAt = 'outOf' in settings.trip ? Number.POSITIVE_INFINITY : Math.ceil(maxBuffered / 2)
    this.outbox = new Outbox(runtime, { maxBuffered, maxOutcomeAgeMs, longestRun }, (dropped) => listener.dropped(dropped))
  }

  /** How many acquires are under way. */
  asking(now: number): number {
    for (const ask of this.#asks) if (!isWithin(ask, now)) this.#asks.delete(ask)
    return this.#asks.size
  }

  /** An acquire begins; answers what to call when it is done. */
  asks(ask: Span): () => void {
    this.#asks.add(ask)
    return () => this.#asks.delete(ask)
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

  wantsRefresh(now: number): boolean {
    return now >= this.#refreshFrom || now < this.#receivedAt
  }

  /** Is there something that should be sent now? */
  wantsReport(now: number): boolean {
    return this.outbox.next(now) !== undefined && (now >= this.#reportFrom || this.outbox.hurries)
  }

  /** Is there something that cannot wait, and may be sent? */
  mustReport(now: number): boolean {
    return this.outbox.hurries && this.outbox.next(now) !== undefined
  }

  /** Is there a failure that nobody was told of, since the last read? */
  get mustLook(): boolean {
    return this.#looks
  }

  /** A request goes out, and will answer with a snapshot. */
  looks(): void {
    this.#looks = false
  }

  /** Does a report go along with a refresh? A success that adds nothing to a clean and full window can wait. */
  reportsWithRefresh(): boolean {
    return !this.outbox.empty && (this.state.status !== 'CLOSED' || !this.#isSettled())
  }

  decide(now: number): Decision {
    const state = this.state
    const t = this.storageTime(now)
    const override = activeOverride(state, t)?.kind
    if (override === 'DISABLED') return unrecorded(state.generation, false)
    if (state.status === 'CLOSED') return recorded(state.generation)
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
    if (this.#thinning.share < 1 && this.#isThinnedOut(grant, false)) return undefined
    const batch = this.outbox.open(grant.generation, this.#strong)
    if (grant.token === null) batch.success()
    else batch.probe(grant.token, false, null, false, now)
    const due = now >= this.#reportFrom || batch.size >= this.#fullAt
    return this.#strong || grant.token !== null || due ? batch : undefined
  }

  /** Takes a failure in. `trip`: whatever the window holds. */
  fail(grant: Grant, retryAfterMs: number | null, trip: boolean, now: number): Sequel {
    if (!this.#counts(grant, true, retryAfterMs, trip, now)) return undefined
    if (this.#isThinnedOut(grant, true)) return this.#isSuspicious(now) ? 'look' : undefined
    const batch = this.outbox.open(grant.generation, this.#strong)
    this.#own.failure(batch, batch.run)
    if (grant.token === null) batch.failure(retryAfterMs, trip, now)
    else batch.probe(grant.token, true, retryAfterMs, trip, now)
    this.#reportFrom = Math.min(this.#reportFrom, now + RETRY_MS)
    this.outbox.trim(now)
    this.#tripFirst(trip, now)
    return batch
  }

  /** Does this outcome concern the storage? What it does to a local state is done here. */
  #counts(grant: Grant, failed: boolean, retryAfterMs: number | null, trip: boolean, now: number): boolean {
    if (grant.wouldReject) this.outbox.open(grant.generation).wouldReject()
    if (!grant.recorded) return false
    const { generation, token } = grant
    if (grant.local || this.#degraded) {
      this.#reportLocally(
        { generation, outcomes: failed ? '1' : '0', tokens: token === null ? [] : [token], retryAfterMs, trip },
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
  #isThinnedOut(grant: Grant, failed: boolean): boolean {
    const { share } = this.#thinning
    this.#failuresInRow = failed && share < 1 ? this.#failuresInRow + 1 : 0
    return grant.token === null && share < 1 && this.#runtime.random() >= share
  }

  /** Nobody was told of a failure. Others may have had something to tell: for the first ones in a row, then once a second. */
  #isSuspicious(now: number): boolean {
    const looks = this.#failuresInRow <= FIRST_FAILURES || now - this.#lookedAt >= EAGER_MS
    if (looks) this.#lookedAt = now
    this.#looks ||= looks
    return looks
  }

  /** A probe without an outcome gives its place back. */
  release(grant: Grant, now: number): void {
    if (grant.token === null) return
    if (grant.local) this.#reportLocally({ generation: grant.generation, released: [grant.token] }, now)
    else this.outbox.open(grant.generation).release(grant.token, now)
  }

  /** What the storage answered to a report or a read. `sent` orders requests: an answer to an older one says nothing new. */
  adoptExchanged(answer: Exchanged, batch: Batch | undefined, sent: number, now: number): void {
    if (batch !== undefined) {
      this.outbox.answered(batch, answer.verdict)
      if (answer.verdict !== 'unknown') this.#lastReport = now
    }
    this.#adopt(answer, sent, now)
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
        return activeOverride(snapshot, snapshot.at)?.kind === 'DISABLED' ? unrecorded(generation, false) : recorded(generation)
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
    this.listener.degraded(error)
  }

  /** The storage answers again; its snapshot follows, and until then the local state stands. */
  recover(): void {
    if (!this.#degraded) return
    this.#degraded = false
    this.listener.recovered()
  }

  /** The storage's clock, as far as it can be told from here. */
  storageTime(now: number): number {
    return this.#snapshot === null ? now : this.#snapshot.at + Math.max(0, Math.floor(now - this.#receivedAt))
  }

  #adopt(answer: Exchanged, sent: number, now: number): void {
    if (sent < this.#adopted) return
    const { snapshot } = answer
    if (now < this.#receivedAt) this.#forgetInstants()
    if (!this.#strong) this.#thin(snapshot)
    // What one isolate says at once of a new generation, and what all others keep for later, would not be the same.
    if (snapshot.generation !== this.#snapshot?.generation) this.#lastReport = Number.NEGATIVE_INFINITY
    // It waited for a place; here is one.
    if (snapshot.status === 'HALF_OPEN' && hasRoom(snapshot, this.settings, snapshot.at)) this.#rejectUntil = 0
    this.#adopted = sent
    this.#snapshot = snapshot
    this.#receivedAt = now
    this.#local = null
    this.#own.forget()
    this.outbox.supersede(snapshot)
    const { maxStalenessMs } = this.options
    this.#freshUntil = now + maxStalenessMs
    this.#refreshFrom = now + maxStalenessMs * (REFRESH_SHARE + REFRESH_SPREAD * this.#runtime.random())
    const settled = this.#isSettled()
    if (settled) this.outbox.calm()
    const quietUntil = settled ? Number.POSITIVE_INFINITY : this.#lastReport + EAGER_MS
    this.#reportFrom = this.outbox.hurries ? now : Math.max(now, quietUntil)
    this.#scheduleAsking(snapshot, now)
    const admitsAll = snapshot.status === 'CLOSED' && snapshot.override === null && !this.#degraded
    this.#closed = admitsAll ? recorded(snapshot.generation) : null
    this.#tripFirst(false, now)
    this.#announcer.announce(answer)
  }

  #thin(snapshot: Snapshot): void {
    const before = this.#thinning.share
    this.#thinning.observe(snapshot)
    if (this.#thinning.share < before) this.outbox.thin(this.#thinning.share / before)
  }

  /** What was set by a clock that stepped back since is ages away. */
  #forgetInstants(): void {
    this.#askFrom = 0
    this.#rejectUntil = 0
    this.#lastReport = Number.NEGATIVE_INFINITY
    this.#lookedAt = Number.NEGATIVE_INFINITY
  }

  /** Those who wait for the end of a cooldown do not all ask at once. Who comes later, comes at a time of his own anyway. */
  #scheduleAsking(snapshot: Snapshot, now: number): void {
    if (snapshot.status !== 'OPEN' || snapshot.retryAfterMs === null || this.options.maxStalenessMs === 0) {
      this.#askFrom = 0
    } else if (snapshot.retryAfterMs > 0) {
      this.#askFrom =
        now + snapshot.retryAfterMs + this.#runtime.random() * Math.min(0.1 * snapshot.cooldownMs, LONGEST_ASK_DELAY_MS)
      // To ask is to read.
      if (this.#askFrom < this.#freshUntil) this.#refreshFrom = this.#freshUntil
    }
  }

  /** Stops this isolate as soon as its own view trips; the storage's next answer confirms that, or lifts it. */
  #tripFirst(trip: boolean, now: number): void {
    const snapshot = this.#snapshot
    if (snapshot === null || snapshot.status !== 'CLOSED' || this.#local !== null) return
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
    this.#setLocal(reportedLocally(this.#localState(t), report, this.settings, t, this.#runtime.random()))
  }

  #setLocal(state: StoredState): void {
    this.#local = state
    this.#closed = null
  }

  /** Does the shared window hold a failure, or did it a short while ago? */
  #isDirty(): boolean {
    const snapshot = this.#snapshot
    if (snapshot === null || snapshot.status !== 'CLOSED') return false
    const { trip } = this.settings
    return 'outOf' in trip
      ? failuresIn(snapshot.log, horizon(trip.outOf)) > 0
      : (snapshot.buckets?.failures.some((n) => n > 0) ?? false)
  }

  /** Is the shared window full of successes, so that one more says nothing? A time window moves on: it always wants its successes. */
  #isSettled(): boolean {
    const { trip } = this.settings
    return 'outOf' in trip && (this.#snapshot?.log.length ?? 0) >= trip.outOf && !this.#isDirty()
  }
}
