import type { Dropped } from '../../breaker/listener.ts'
import type { Isolate } from './isolate.ts'
import type { OutcomesReport } from './report.ts'
import type { Counted } from './storage.ts'

/** What became of the outcomes of all calls. */
export class Outcomes {
  readonly #dropped: Record<Dropped['why'], number> = {
    age: 0,
    overflow: 0,
    unknown: 0,
    refused: 0,
    disposed: 0,
  }

  dropped({ why, outcomes }: Dropped): void {
    this.#dropped[why] += outcomes
  }

  /** @param isolates - by their ids */
  report(isolates: readonly Isolate[], counts: Iterable<Counted>): OutcomesReport {
    const happened = { successes: 0, failures: 0 }
    const counted = { successes: 0, failures: 0 }
    let doubled = 0
    for (const isolate of isolates) {
      const { successes, failures } = isolate.total()
      happened.successes += successes
      happened.failures += failures
    }
    for (const { isolate, generation, successes, failures } of counts) {
      const own = isolates[isolate]!.happened(generation)
      doubled += Math.max(0, successes - own.successes) + Math.max(0, failures - own.failures)
      counted.successes += successes
      counted.failures += failures
    }
    return { happened, counted, doubled, dropped: this.#dropped }
  }
}
