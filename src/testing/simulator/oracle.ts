import type { Verdict } from '../../core/event.ts'
import { MAX_WINDOW } from '../../core/limits.ts'
import type { Settings } from '../../core/settings.ts'
import { BLANK, type CircuitState, type StoredState } from '../../core/state.ts'
import { transition } from '../../core/transition.ts'
import type { VirtualTime } from './virtual-time.ts'

/**
 * The best that any breaker could do: a single one that sees every call of the fleet as it begins
 * and as it ends, at no cost.
 */
export class Oracle {
  readonly #time: VirtualTime
  readonly #settings: Settings
  readonly #opened: (from: CircuitState) => void
  #state: StoredState = BLANK
  #reports = 0
  /**
   * Successes of a closed breaker that were not taken in yet: in a window of counts they do nothing
   * until a failure follows.
   */
  #noted = 0

  constructor(time: VirtualTime, settings: Settings, opened: (from: CircuitState) => void) {
    this.#time = time
    this.#settings = settings
    this.#opened = opened
  }

  /** A call comes in that would take so long, and end so: is it let through? */
  call(fails: boolean, durationMs: number): Verdict {
    const settings = this.#settings
    if (this.#state.status === 'CLOSED') {
      this.#reportAfter(durationMs, this.#state.generation, fails, [])
      return 'admitted'
    }
    const step = transition(
      this.#state,
      { type: 'acquire', leaseMs: settings.probeLeaseMs, settings },
      this.#time.now(),
    )
    this.#state = step.state
    if (step.verdict === 'rejected') return step.verdict
    const { generation } = step.state
    const tokens = step.token === undefined ? [] : [step.token]
    this.#reportAfter(durationMs, generation, fails, tokens)
    return step.verdict
  }

  #reportAfter(ms: number, generation: number, fails: boolean, tokens: readonly number[]): void {
    this.#time.schedule(ms, () => {
      const closed = this.#state.status === 'CLOSED' && this.#state.generation === generation
      if (closed && !fails && 'outOf' in this.#settings.trip) {
        this.#noted++
        return
      }
      const before = closed ? '0'.repeat(Math.min(this.#noted, MAX_WINDOW)) : ''
      if (closed) this.#noted = 0
      this.#report(generation, before + (fails ? '1' : '0'), tokens)
    })
  }

  #report(generation: number, outcomes: string, tokens: readonly number[]): void {
    const event = {
      type: 'report',
      generation,
      flushId: this.#reports++,
      since: null,
      outcomes,
      tokens,
      released: [],
      retryAfterMs: null,
      trip: false,
      wouldReject: 0,
      settings: this.#settings,
    } as const
    const before = this.#state
    // It hears everything once: it need not remember what it heard.
    const { state } = transition({ ...before, flushIds: [] }, event, this.#time.now())
    this.#state = state
    if (state.status === 'OPEN' && before.status !== 'OPEN') this.#opened(before.status)
  }
}
