import { checkedInteger, checkKnown } from '../core/checks.ts'
import { type Duration, toMilliseconds } from '../core/duration.ts'
import { isOwnError } from '../core/errors.ts'
import type { Transition } from '../core/event.ts'
import { type Reading, readingOf } from '../core/reading.ts'
import { DAY_MS } from '../core/settings.ts'
import type { Snapshot } from '../core/snapshot.ts'
import { INDEFINITE } from '../core/state.ts'
import type { BreakerSummary, StorageCallOptions } from '../fleet/admin.ts'
import type { CircuitStorage } from '../fleet/port.ts'
import { CONTENT_TYPE, exposition, type Family, type Sample } from './exposition.ts'

/** Options of {@link prometheusText}. */
export interface PrometheusOptions {
  /** Only breakers of this namespace. Default: all. */
  readonly namespace?: string | undefined
  /**
   * How many breakers have series of their own, the worst first, 1 to 10,000; how many have none is
   * a metric itself. Default 1,000.
   */
  readonly limit?: number | undefined
  /**
   * How far back transitions are counted, 1 s to 24 h. Make it a few times the scrape interval.
   * Default `'5m'`.
   */
  readonly transitionsOver?: Duration | undefined
  /** Ends the waiting for the storage. */
  readonly signal?: AbortSignal | undefined
}

/** The most that a storage hands out at once. */
const PAGE = 1_000

/**
 * All breakers of a storage as Prometheus text: isolates cannot be scraped, the storage can. One
 * operation for each 1,000 breakers, and one for the audit log.
 *
 * @throws {InvalidOptionError} naming the option, its range and the value
 * @throws whatever the storage fails with
 * @example
 * ```ts
 * app.get('/metrics', () => prometheusResponse(storage))
 * ```
 */
export async function prometheusText(
  storage: CircuitStorage,
  options: PrometheusOptions = {},
): Promise<string> {
  checkKnown(options, { namespace: 1, limit: 1, transitionsOver: 1, signal: 1 })
  const { limit = 1_000, namespace, transitionsOver = '5m', signal } = options
  checkedInteger('limit', limit, 1, 10_000)
  const overMs = toMilliseconds('transitionsOver', transitionsOver, { min: 1_000, max: DAY_MS })
  const query = namespace === undefined ? {} : { namespace }
  const call: StorageCallOptions = signal === undefined ? {} : { signal }
  const [{ snapshots, summary }, history] = await Promise.all([
    worst(storage, limit, query, call),
    storage.history({ ...query, newerThanMs: overMs, limit: PAGE }, call),
  ])
  return exposition([
    ...totals(snapshots, summary),
    ...perBreaker(snapshots),
    ...recentTransitions(history.items, history.next !== null, overMs, snapshots),
  ])
}

/**
 * The same as a response. Where the storage fails it is a 503 without a reason, and Prometheus's
 * own `up` is 0.
 */
export async function prometheusResponse(
  storage: CircuitStorage,
  options: PrometheusOptions = {},
): Promise<Response> {
  const headers = { 'Content-Type': CONTENT_TYPE, 'Cache-Control': 'no-store' }
  try {
    return new Response(await prometheusText(storage, options), { headers })
  } catch (error) {
    if (isOwnError(error, 'INVALID_OPTION')) throw error
    return new Response('# the storage does not answer\n', { status: 503, headers })
  }
}

async function worst(
  storage: CircuitStorage,
  limit: number,
  query: { readonly namespace?: string },
  call: StorageCallOptions,
): Promise<{ snapshots: readonly Snapshot[]; summary: BreakerSummary | undefined }> {
  const snapshots: Snapshot[] = []
  let summary: BreakerSummary | undefined
  let after: string | null = null
  do {
    const wanted = {
      ...query,
      limit: Math.min(PAGE, limit - snapshots.length),
      summary: after === null,
    }
    const page = await storage.list(after === null ? wanted : { ...wanted, after }, call)
    snapshots.push(...page.items)
    summary ??= page.summary
    after = page.next
  } while (after !== null && snapshots.length < limit)
  return { snapshots, summary }
}

/** The states of {@link readingOf}'s `phase`: an open breaker whose cooldown is over is `DUE`. */
const STATES = ['OPEN', 'DUE', 'HALF_OPEN', 'CLOSED'] as const
const name = (end: string): string => `resilient_circuit_${end}`
const gauge = (end: string, help: string, samples: readonly Sample[]): Family => ({
  name: name(end),
  type: 'gauge',
  help,
  samples,
})

function totals(snapshots: readonly Snapshot[], summary: BreakerSummary | undefined): Family[] {
  if (summary === undefined) return []
  const { OPEN, HALF_OPEN, CLOSED } = summary.counts
  // A storage that does not know hands over the open ones first: most of the due are among them.
  const DUE = summary.due ?? snapshots.filter((s) => readingOf(s).phase === 'DUE').length
  const counts = { OPEN: OPEN - DUE, DUE, HALF_OPEN, CLOSED }
  return [
    gauge(
      'breakers',
      'Breakers in the storage, by state.',
      STATES.map((state) => ({ labels: { state }, value: counts[state] })),
    ),
    gauge(
      'breakers_omitted',
      'Breakers beyond the cardinality limit: the healthiest, without series of their own.',
      [{ labels: {}, value: Math.max(0, OPEN + HALF_OPEN + CLOSED - snapshots.length) }],
    ),
  ]
}

const idOf = ({ resourceKey, namespace }: Pick<Snapshot, 'resourceKey' | 'namespace'>) => ({
  resource_key: resourceKey,
  namespace,
})

function perBreaker(snapshots: readonly Snapshot[]): Family[] {
  const each = (value: (s: Snapshot) => number | null): Sample[] =>
    snapshots.flatMap((s) => {
      const found = value(s)
      return found === null ? [] : [{ labels: idOf(s), value: found }]
    })
  const readings = new Map(snapshots.map((s) => [s, readingOf(s)]))
  const read = (value: (reading: Reading) => number | null): Sample[] =>
    each((s) => value(readings.get(s)!))
  return [
    gauge(
      'state',
      'State of a breaker by the clock of the storage: 1 for the one that it is in. OPEN rejects calls; DUE is an open one whose cooldown is over: the next call probes.',
      snapshots.flatMap((s) =>
        STATES.map((state) => ({
          labels: { ...idOf(s), state },
          value: readings.get(s)!.phase === state ? 1 : 0,
        })),
      ),
    ),
    gauge(
      'window_failures',
      'Failures in the window that the breaker judges by.',
      read(({ failures }) => failures),
    ),
    gauge(
      'window_successes',
      'Successes in the window that the breaker judges by.',
      read(({ successes }) => successes),
    ),
    gauge(
      'failure_ratio_limit',
      'Failure ratio at which the breaker opens, 0 to 1.',
      read(({ failureRateLimit }) => failureRateLimit),
    ),
    gauge(
      'probes_out',
      'Probes that are out and whose lease stands.',
      read(({ probesOut }) => probesOut),
    ),
    gauge(
      'consecutive_opens',
      'How often it opened in a row without closing in between.',
      each((s) => s.opens),
    ),
    gauge(
      'override',
      "An operator's order that is in force: always 1.",
      snapshots.flatMap((s) => {
        const override = readings.get(s)!.activeOverride
        return override === null
          ? []
          : [{ labels: { ...idOf(s), override: override.kind }, value: 1 }]
      }),
    ),
    gauge(
      'open_until_timestamp_seconds',
      'When the cooldown of an open breaker ends, in seconds since 1970; none where it is over, or no end is known.',
      each((s) =>
        s.status === 'OPEN' && readings.get(s)!.phase === 'OPEN' && s.openUntil < INDEFINITE
          ? s.openUntil / 1_000
          : null,
      ),
    ),
    gauge(
      'last_change_timestamp_seconds',
      'When something visible last changed, in seconds since 1970.',
      each((s) => s.updatedAt / 1_000),
    ),
    {
      name: name('would_reject_total'),
      type: 'counter',
      help: 'Calls that METRICS_ONLY let through and that would have been rejected, since the last reset.',
      samples: each((s) => s.wouldReject),
    },
  ]
}

/**
 * Counted from the audit log, which is pruned: a gauge over a fixed time, since a counter made of
 * it would shrink, and Prometheus would take that for a restart and count everything again.
 */
function recentTransitions(
  lines: readonly Transition[],
  cutOff: boolean,
  overMs: number,
  shown: readonly Snapshot[],
): Family[] {
  const known = new Set(shown.map((s) => JSON.stringify([s.namespace, s.resourceKey])))
  const counted = new Map<string, { labels: Record<string, string>; value: number }>()
  for (const line of lines) {
    if (line.from === line.to || !known.has(JSON.stringify([line.namespace, line.resourceKey])))
      continue
    const labels = { ...idOf(line), from: line.from, to: line.to, cause: line.cause }
    const key = JSON.stringify(labels)
    counted.set(key, { labels, value: (counted.get(key)?.value ?? 0) + 1 })
  }
  return [
    gauge('recent_transitions', `Transitions within the last ${overMs / 1_000} s.`, [
      ...counted.values(),
    ]),
    gauge(
      'recent_transitions_cut_off',
      `1 where more than ${PAGE} changes were made in that time, and only the newest are counted.`,
      [{ labels: {}, value: cutOff ? 1 : 0 }],
    ),
  ]
}
