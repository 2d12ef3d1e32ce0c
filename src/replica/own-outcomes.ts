import { MAX_WINDOW } from '../core/limits.ts'
import { successes } from '../core/log.ts'
import { replay } from '../core/report.ts'
import type { Settings } from '../core/settings.ts'
import type { Cause, Closed } from '../core/state.ts'
import type { Batch } from './batch.ts'

/**
 * What the rule makes of a closed snapshot and of the outcomes here that the storage has not seen: worked out from each failure to the
 * next, for a busy isolate would else replay the same outcomes again and again.
 */
export class OwnOutcomes {
  readonly #settings: Settings
  /** After the last failure; null: it has to be worked out from the snapshot. */
  #state: Closed | null = null
  /** Where that failure was put. */
  #batch: Batch | null = null
  /** Between that failure and the newest one. */
  #successes = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  forget(): void {
    this.#state = null
  }

  /** A failure was put into this batch, behind so many successes; in another batch than the last one it leaves nothing to go on from. */
  failure(batch: Batch, successesBefore: number): void {
    if (batch !== this.#batch) this.#state = null
    this.#batch = batch
    this.#successes = successesBefore
  }

  /** Null where there is no failure. `unsent`: all outcomes that the storage has not seen. */
  judge(snapshot: Closed, unsent: () => string, t: number): { readonly state: Closed; readonly cause: Cause | null } | null {
    const replayed = this.#replay(snapshot, unsent, t)
    if (replayed === null) return null
    this.#state = newest(replayed.state, this.#settings)
    return replayed
  }

  #replay(snapshot: Closed, unsent: () => string, t: number): ReturnType<typeof replay<Closed>> | null {
    if (this.#state !== null) {
      return replay(this.#state, `${successes(Math.min(this.#successes, MAX_WINDOW))}1`, this.#settings, t)
    }
    const outcomes = unsent()
    return outcomes.includes('1') ? replay(snapshot, outcomes, this.#settings, t) : null
  }
}

/** The state with no more of its log than its rule looks at. */
function newest(state: Closed, { trip }: Settings): Closed {
  return 'outOf' in trip && state.log.length > trip.outOf ? { ...state, log: state.log.slice(-trip.outOf) } : state
}
