import type { Settings } from '../../src/core/settings.ts'
import type { ExchangeRequest } from '../../src/fleet/port.ts'

export type PlainReport = NonNullable<ExchangeRequest['report']>

/** Outcomes of calls that a breaker admitted while it had never tripped, and nothing else. */
export function plainReport(
  outcomes: string,
  flushId: number,
  since: number | null,
  settings: Settings,
): PlainReport {
  return {
    generation: 0,
    flushId,
    since,
    outcomes,
    tokens: [],
    released: [],
    retryAfterMs: null,
    trip: false,
    wouldReject: 0,
    settings,
  }
}
