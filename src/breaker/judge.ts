import type { CallOptions } from './call.ts'
import {
  type CallResult,
  type Classification,
  classified,
  defaultOutcome,
  isGivenUp,
  yesOrNo,
} from './classify.ts'
import type { HookRunner } from './hooks.ts'
import { type Ended, FAILED, IGNORED, SUCCEEDED } from './line.ts'
import type { ResolvedOptions } from './options.ts'

/**
 * Says of a call that ended what it means to the breaker. A user's function that fails counts as
 * one that said nothing.
 */
export class Judge {
  readonly #options: ResolvedOptions
  readonly #hooks: HookRunner
  /** Does anybody want to know how long a call took? */
  readonly measures: boolean
  /** Is what a call returned looked at? Else it is a success. */
  readonly judgesValues: boolean

  constructor(options: ResolvedOptions, hooks: HookRunner) {
    this.#options = options
    this.#hooks = hooks
    this.measures = options.slowMs < Number.POSITIVE_INFINITY || hooks.tellsOutcomes
    this.judgesValues = this.measures || options.classify !== undefined
  }

  /** `since`: when the call began, on the monotonic clock; not looked at where nobody measures. */
  ended(result: CallResult, call: CallOptions, since: number): Ended {
    const { slowMs, maxRetryAfterMs, tripOnRetryAfter, runtime } = this.#options
    const durationMs = this.measures ? Math.max(0, runtime.monotonic() - since) : 0
    const said = this.#classify(result, call)
    const slow = said === 'success' && durationMs > slowMs
    const outcome = slow ? 'failure' : typeof said === 'object' ? said.outcome : said
    if (this.measures) this.#hooks.outcome(outcome, durationMs, slow, result)
    const wish = typeof said === 'object' ? (said.retryAfterMs ?? 0) : 0
    if (wish > 0) {
      const retryAfterMs = Math.ceil(Math.min(wish, maxRetryAfterMs))
      return { outcome, retryAfterMs, trip: tripOnRetryAfter }
    }
    return outcome === 'success' ? SUCCEEDED : outcome === 'failure' ? FAILED : IGNORED
  }

  #classify(result: CallResult, call: CallOptions): Classification {
    const { classify, shouldHandle } = this.#options
    const asked = call.classify ?? classify
    const own = asked && this.#hooks.ask('classify', () => classified(asked, result))
    if (own !== undefined) return own
    if (result.ok) return 'success'
    const { signal } = call
    const givenUp =
      signal !== undefined && (this.#hooks.ask('signal', () => isGivenUp(signal)) ?? false)
    const handles =
      shouldHandle &&
      ((error: unknown) =>
        this.#hooks.ask('shouldHandle', () => yesOrNo(shouldHandle(error))) ?? true)
    return defaultOutcome(result, handles, givenUp)
  }
}
