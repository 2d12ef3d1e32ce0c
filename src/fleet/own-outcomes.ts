import { FAILURE } from '../core/log.ts'
import type { Settings } from '../core/settings.ts'
import type { Closed } from '../core/state.ts'
import { take, type Window, windowOf } from '../core/window.ts'
import type { Batch } from './batch.ts'

/**
 * Does the rule trip, given a closed snapshot and the outcomes here that the storage has not seen? Worked out from each failure to
 * the next, for a busy isolate would else go through the same outcomes again and again.
 */
export class OwnOutcomes {
  readonly #settings: Settings
  /** Up to and with the last failure; null: it has to be made from the snapshot. */
  #window: Window | null = null
  /** Where that failure was put. */
  #batch: Batch | null = null
  /** Between that failure and the newest one. */
  #successes = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  forget(): void {
    this.#window = null
  }

  /** A failure is put into this batch, behind so many successes; in another batch than the last one it leaves nothing to go on from. */
  failure(batch: Batch, successesBefore: number): void {
    if (batch !== this.#batch) this.#window = null
    this.#batch = batch
    this.#successes = successesBefore
  }

  /** `unsent`: all outcomes that the storage has not seen, the newest failure among them. */
  trip(snapshot: Closed, unsent: () => string, t: number): boolean {
    if (this.#window?.holds(t)) return this.#window.failure(this.#successes)
    const outcomes = unsent()
    if (!outcomes.includes(FAILURE)) return false
    this.#window = windowOf(snapshot, this.#settings, t)
    return take(this.#window, outcomes) !== undefined
  }
}
