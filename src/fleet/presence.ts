import type { Reporter } from '../core/event.ts'
import { isUnknown } from '../core/reporters.ts'
import type { Settings } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { Identity } from './identity.ts'
import type { ExchangeRequest } from './port.ts'

/** An isolate that calls refreshes within its bound; it counts as alive for so many of these after the row last heard of it. */
const ALIVE_BOUNDS = 2.5
const LEAST_BOUND_MS = 5_000

/** Whether the row knows of this isolate. A fleet that is well reports nothing, and one bad isolate must not look like all of it. */
export class Presence {
  readonly #settings: Settings
  readonly #aliveMs: number
  #identity: Identity | null = null
  #reporter: Reporter | undefined
  #answeredAt = Number.NEGATIVE_INFINITY
  /** Was the row told last that it fails alone? */
  #toldAlone = false

  constructor(settings: Settings, maxStalenessMs: number) {
    this.#settings = settings
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

  /** The row answered. @returns should the next outcome make this isolate known at once? One of many answers: later, with a refresh */
  answered(snapshot: Snapshot, now: number): boolean {
    const elapsed = now - this.#answeredAt
    this.#answeredAt = now
    return (elapsed < 0 || elapsed >= this.#aliveMs) && this.#isUnknown(snapshot)
  }

  /** What goes along with a read; undefined: nothing need. */
  show(snapshot: Snapshot | null, alone: boolean): ExchangeRequest['show'] {
    const { reporter } = this
    if (reporter === undefined || snapshot?.status !== 'CLOSED') return undefined
    if (!alone && !this.#toldAlone && !this.#isUnknown(snapshot)) return undefined
    this.#toldAlone = alone
    return { reporter, alone, settings: this.#settings }
  }

  #isUnknown(snapshot: Snapshot): boolean {
    const { reporter } = this
    if (reporter === undefined || snapshot.status !== 'CLOSED') return false
    return isUnknown(snapshot.reporters, reporter, this.#settings, snapshot.at)
  }
}
