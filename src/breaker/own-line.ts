import { advance } from '../core/buckets.ts'
import type { Command, Event, Report, Step } from '../core/event.ts'
import { MAX_WINDOW } from '../core/limits.ts'
import { FAILURE, successes } from '../core/log.ts'
import { type Snapshot, snapshotOf } from '../core/snapshot.ts'
import {
  activeOverride,
  BLANK,
  type BreakerState,
  type CircuitState,
  type Closed,
  type StoredState,
} from '../core/state.ts'
import { audit, transition } from '../core/transition.ts'
import { type Window, windowOf } from '../core/window.ts'
import type { CallOptions } from './call.ts'
import {
  type Ended,
  type Grant,
  type Line,
  type LineOptions,
  type Rejection,
  recorded,
  unrecorded,
} from './line.ts'

/** How much may be noted before it is taken in. A failure takes room: it counts for ten. */
const MOST_NOTED = 10 * MAX_WINDOW
const FAILURE_WEIGHT = 10
/** There are no repeats here: the id of a report says nothing, and is forgotten. */
const REPORT: Omit<Report, 'generation' | 'settings'> = {
  type: 'report',
  flushId: 0,
  since: null,
  outcomes: '',
  tokens: [],
  released: [],
  retryAfterMs: null,
  trip: false,
  wouldReject: 0,
}

/**
 * The line of a breaker without a storage: its state is kept right here. While closed it only notes
 * outcomes, and its window tells which failure trips. Then, and whenever somebody looks, {@link
 * transition} takes in all that was noted. Nothing else decides.
 */
export class OwnLine implements Line {
  readonly #made: LineOptions
  /** Does the window move by the clock? */
  readonly #timed: boolean
  /** Without what is noted. */
  #state: StoredState = BLANK
  /** Of a closed breaker without orders. Outcomes of any other grant are taken in at once. */
  #closed: Grant | null = recorded(BLANK.generation)
  /** Knows all that is noted, up to and with the last failure. */
  #window: Window
  /** The failures that are noted, each by the number of successes before it. */
  readonly #runs: number[] = []
  /** Successes after the last failure. */
  #run = 0
  #weight = 0
  /** When the last outcome was noted; undefined: nobody looked at the clock. */
  #notedAt: number | undefined
  #seen: Snapshot | null = null
  #rejection: Rejection | null = null
  #rejectedAt = 0

  constructor(made: LineOptions) {
    this.#made = made
    this.#timed = 'rate' in made.settings.trip
    this.#window = windowOf(BLANK, made.settings, 0)
  }

  /** What is noted never changes it. */
  get status(): CircuitState {
    return this.#state.status
  }

  get generation(): number {
    return this.#state.generation
  }

  get ready(): Grant | null {
    return this.#timed ? null : this.#closed
  }

  readyAt(): Grant | null {
    return this.#closed
  }

  get snapshot(): Snapshot {
    return this.#snapshotAt(this.#now())
  }

  read(): BreakerState {
    this.#settle()
    const state = this.#state
    const { trip } = this.#made.settings
    if (state.status !== 'CLOSED' || 'outOf' in trip) return state
    return { ...state, buckets: advance(state.buckets, trip.bucketMs, this.#now()) }
  }

  admit(leaseMs: number, at: number): Grant | Rejection {
    const now = Math.floor(at)
    // Rejections of one millisecond are all alike.
    if (this.#rejection !== null && this.#rejectedAt === now) return this.#rejection
    const { settings } = this.#made
    const { state, verdict, token } = this.#take({ type: 'acquire', leaseMs, settings }, now)
    if (verdict === 'rejected') return this.#rejected(now)
    const { generation } = state
    if (verdict === 'would-reject') return unrecorded(generation, true)
    if (activeOverride(state, now)?.kind === 'DISABLED') return unrecorded(generation, false)
    return recorded(generation, token)
  }

  ended(
    grant: Grant,
    { outcome, retryAfterMs, trip }: Ended,
    _call: CallOptions,
    _waitedMs: number | undefined,
    at: number | undefined,
  ): undefined {
    if (grant !== this.#closed) return this.#report(grant, outcome, retryAfterMs, trip)
    if (outcome === 'ignored') return undefined
    const now = this.#timed ? (at ?? this.#now()) : at
    if (now !== undefined && !this.#window.holds(now)) this.#moveWindow(now)
    if (outcome === 'success') {
      this.#run++
      this.#note(1, now)
    } else if (trip || this.#window.failure(this.#run)) {
      this.#report(grant, outcome, retryAfterMs, trip)
    } else {
      this.#runs.push(this.#run)
      this.#run = 0
      this.#note(FAILURE_WEIGHT, now)
    }
    return undefined
  }

  async refresh(): Promise<Snapshot> {
    return this.snapshot
  }

  async flush(): Promise<void> {}
  async dispose(): Promise<void> {}
  abandon(): void {}

  async control(command: Omit<Command, 'type'>): Promise<Snapshot> {
    const now = this.#now()
    this.#take({ ...command, type: 'command' }, now)
    return this.#snapshotAt(now)
  }

  #now(): number {
    return Math.floor(this.#made.runtime.now())
  }

  #snapshotAt(now: number): Snapshot {
    this.#settle()
    const { resourceKey, namespace } = this.#made.id
    if (this.#seen?.at !== now) this.#seen = snapshotOf(this.#state, resourceKey, namespace, now)
    return this.#seen
  }

  #rejected(now: number): Rejection {
    const state = this.#state
    const forced = activeOverride(state, now)?.kind === 'FORCED_OPEN'
    const reason = forced ? 'FORCED_OPEN' : state.status === 'OPEN' ? 'OPEN' : 'HALF_OPEN'
    const snapshot = this.#snapshotAt(now)
    this.#rejectedAt = now
    this.#rejection = { reason, retryAfterMs: snapshot.retryAfterMs, snapshot }
    return this.#rejection
  }

  #note(weight: number, now: number | undefined): void {
    this.#notedAt = now
    this.#weight += weight
    if (this.#weight >= MOST_NOTED) this.#settle()
  }

  /** Another bucket of the window begins. */
  #moveWindow(now: number): void {
    this.#settle()
    this.#window = windowOf(this.#state as Closed, this.#made.settings, Math.floor(now))
  }

  #report(
    grant: Grant,
    outcome: Ended['outcome'],
    retryAfterMs: number | null,
    trip: boolean,
  ): undefined {
    const { generation, token, recorded, wouldReject } = grant
    const says = recorded && outcome !== 'ignored'
    const tokens = token === null ? [] : [token]
    const report: Report = {
      ...REPORT,
      generation,
      outcomes: says ? (outcome === 'failure' ? FAILURE : successes(1)) : '',
      tokens: says ? tokens : [],
      released: says ? [] : tokens,
      retryAfterMs,
      trip,
      wouldReject: Number(wouldReject),
      settings: this.#made.settings,
    }
    this.#take(report, this.#now())
    return undefined
  }

  /** Has the specification take in what was noted. */
  #settle(): void {
    if (this.#weight === 0) return
    let outcomes = ''
    for (const run of this.#runs) outcomes += successes(run) + FAILURE
    outcomes += successes(this.#run)
    this.#runs.length = 0
    this.#run = 0
    this.#weight = 0
    const { generation } = this.#state
    const at = Math.floor(this.#notedAt ?? this.#now())
    this.#apply({ ...REPORT, generation, outcomes, settings: this.#made.settings }, at)
  }

  #take(event: Event, now: number): Step<StoredState> {
    this.#settle()
    return this.#apply(event, now)
  }

  #apply(event: Event, now: number): Step<StoredState> {
    const before = this.#state
    const step = transition(before, event, now)
    if (step.state === before) return step
    const state = step.state.flushIds.length === 0 ? step.state : { ...step.state, flushIds: [] }
    this.#state = state
    this.#seen = null
    this.#rejection = null
    if (state.status !== 'CLOSED' || state.override !== null) this.#closed = null
    else if (this.#closed?.generation !== state.generation)
      this.#closed = recorded(state.generation)
    if (state.status === 'CLOSED') this.#window = windowOf(state, this.#made.settings, now)
    const line = audit(before, state, event, now)
    if (line === null || line.from === line.to) return step
    const { generation, at, cause, reason, actor } = line
    const change = { generation, at, cause, reason, actor, origin: 'self', local: false } as const
    this.#made.listener.statusChanged(line.from, line.to, change)
    return step
  }
}
