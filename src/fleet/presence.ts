import type { Runtime } from '../breaker/runtime.ts'
import type { Reporter, Tell } from '../core/event.ts'
import { isUnknown } from '../core/reporters.ts'
import type { Settings } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { shareOf } from '../core/traffic.ts'
import type { Identity } from './identity.ts'
import type { ExchangeRequest } from './port.ts'

/** An isolate that calls refreshes within its bound; it counts as alive for so many of these after the row last heard of it. */
const ALIVE_BOUNDS = 2.5
const LEAST_BOUND_MS = 5_000

/** Of isolates that come to their first call at most so many tell of it: whoever lives on tells with a refresh, at no cost. */
const COLD_SHARE = 1 / 16

/** Whether the row knows of this isolate. A fleet that is well reports nothing, and one bad isolate must not look like all of it. */
export class Presence {
  readonly #settings: Settings
  readonly #aliveMs: number
  #identity: Identity | null = null
  #reporter: Reporter | undefined
  #answeredAt = Number.NEGATIVE_INFINITY
  /** Was the row told last that it fails alone? */
  #toldAlone = false
  readonly #tells: boolean
  readonly #random: () => number
  /** Calls since something was last sent, when that was, and the draw that says whether they are told of. */
  #calls = 0
  #since = Number.NaN
  #draw = Number.NaN
  /** Has it sent nothing since its first call? */
  #isNew = true

  constructor(settings: Settings, maxStalenessMs: number, runtime: Runtime) {
    this.#settings = settings
    this.#random = () => runtime.random()
    // A time window is told of every outcome.
    this.#tells = 'outOf' in settings.trip
    this.#aliveMs = ALIVE_BOUNDS * Math.max(maxStalenessMs, LEAST_BOUND_MS)
  }

  /** Where only this isolate reports, it needs no name. */
  isCalled(identity: Identity): void {
    this.#identity = identity
  }

  /** Undefined: it has no name. */
  get reporter(): Reporter | undefined {
    if (this.#identity !== null)
      this.#reporter ??= { id: this.#identity.id, aliveMs: this.#aliveMs }
    return this.#reporter
  }

  /** The row answered. @returns what the next outcome is for: one of many answers needs nothing, for a refresh tells enough */
  answered(snapshot: Snapshot, now: number): 'report' | 'tell' | undefined {
    const elapsed = now - this.#answeredAt
    this.#answeredAt = now
    if (elapsed >= 0 && elapsed < this.#aliveMs) return undefined
    if (this.#isUnknown(snapshot)) return 'report'
    // It may not live for a second call.
    const tells = snapshot.status === 'CLOSED' && this.#tells && this.#identity !== null
    return tells && this.#drawn(snapshot) !== undefined ? 'tell' : undefined
  }

  /** A call ended. Part of the hot path. */
  called(): void {
    this.#calls++
  }

  /** The calls since something was last sent, where this isolate was drawn to tell of them. The next ones are drawn anew. */
  tell(snapshot: Snapshot | null, now: number): Tell | undefined {
    if (!this.#tells || this.#identity === null) return undefined
    const share = this.#drawn(snapshot)
    const since = this.#since
    const tell = {
      calls: this.#calls,
      spanMs: since <= now ? Math.max(1, Math.ceil(now - since)) : 1,
      draw: this.#draw,
      share: share ?? 0,
    }
    const told = share !== undefined && this.#calls > 0
    if (this.#calls > 0) this.#isNew = false
    this.#calls = 0
    this.#since = now
    this.#draw = Number.NaN
    return told ? tell : undefined
  }

  /** The share of refreshes that tell, where this isolate is among them. */
  #drawn(snapshot: Snapshot | null): number | undefined {
    if (Number.isNaN(this.#draw)) this.#draw = this.#random()
    const known = snapshot === null ? 1 : shareOf(snapshot.traffic, snapshot.at)
    const share = this.#isNew ? Math.min(known, COLD_SHARE) : known
    return this.#draw < share ? share : undefined
  }

  /** What goes along with a read; undefined: nothing need. */
  show(snapshot: Snapshot | null, alone: boolean, now: number): ExchangeRequest['show'] {
    const { reporter } = this
    const tell = this.tell(snapshot, now)
    if (reporter === undefined || snapshot?.status !== 'CLOSED') return undefined
    if (tell === undefined && !alone && !this.#toldAlone && !this.#isUnknown(snapshot))
      return undefined
    this.#toldAlone = alone
    return { reporter, alone, settings: this.#settings, ...(tell && { tell }) }
  }

  #isUnknown(snapshot: Snapshot): boolean {
    const { reporter } = this
    if (reporter === undefined || snapshot.status !== 'CLOSED') return false
    return isUnknown(snapshot.reporters, reporter, this.#settings, snapshot.at)
  }
}
