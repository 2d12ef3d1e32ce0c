import { advance } from './buckets.ts'
import type { Report, Tell } from './event.ts'
import { BUCKETS } from './limits.ts'
import { FAILURE, failuresIn, successes } from './log.ts'
import { isOnly } from './reporters.ts'
import type { Buckets, Closed, Traffic } from './state.ts'

/** Calls are counted by the time in which they were made: ten times so long are kept. */
const WIDTH_MS = 3_000
/** Of the newest of these not all isolates have told yet: they tell with each refresh. */
const UNTOLD = 3
/** From so few a rate is not known. */
const LEAST = 2
/** How many isolates a second should tell a row of their calls, whatever the fleet. */
const TELLS_PER_SECOND = 9
/** Fleets with fewer calls a second tell of all outcomes about as soon as they are judged. */
const LEAST_RATE_PER_MS = 0.02
/** For how long, or for how many calls of the fleet, failures that were told lower the number of successes that are assumed. */
const FADES_MS = 150
const FADES_CALLS = 8
/** Of a longer silence nothing is known. */
const LONGEST_MS = 60_000
const MOST_ASSUMED = 1_000

/** The counts moved on to `now`, and since which of them all was counted. A row that heard nothing for longer starts anew. */
function moved(traffic: Traffic, now: number): { counts: Buckets; first: number } {
  const counts = advance(traffic.counts, WIDTH_MS, now)
  const isNew =
    traffic.counts === null || Math.abs(counts.newest - traffic.counts.newest) >= BUCKETS
  return { counts, first: isNew ? counts.newest + 1 : traffic.first }
}

/** The share of refreshes that tell of calls, so that a row takes a few a second whatever the fleet. 1: each does. */
export function shareOf(traffic: Traffic, now: number): number {
  if (traffic.counts === null) return 1
  const { counts, first } = moved(traffic, now)
  let tells = 0
  for (const count of counts.failures) tells += count
  const since = Math.max(counts.newest - BUCKETS + 1, first - 1) * WIDTH_MS
  return Math.min(
    1,
    (TELLS_PER_SECOND * Math.max(1_000, now - since)) / (1_000 * Math.max(tells, 1)),
  )
}

/** Calls of the whole fleet a millisecond; 0: not known. */
export function rateOf(traffic: Traffic, now: number): number {
  if (traffic.counts === null) return 0
  const { counts, first } = moved(traffic, now)
  let calls = 0
  let whole = 0
  for (let i = 0; i < BUCKETS - UNTOLD; i++) {
    if (counts.newest - BUCKETS + 1 + i < first) continue
    calls += counts.successes[i]!
    whole++
  }
  return whole < LEAST ? 0 : calls / (whole * WIDTH_MS)
}

/** Are the fleet's calls known, so that successes need not be told? */
export function knowsCalls(traffic: Traffic, now: number): boolean {
  return rateOf(traffic, now) >= LEAST_RATE_PER_MS
}

/**
 * What the row knows after an isolate told of its calls; the same object where this one was not drawn. Who tells is drawn before the
 * calls are made, by the share that the sender knew. The row takes it by the smaller of that and its own, and each that it takes stands
 * for one over that.
 */
export function toldOf(traffic: Traffic, tell: Tell | undefined, now: number): Traffic {
  if (tell === undefined) return traffic
  const share = Math.min(tell.share, shareOf(traffic, now))
  if (tell.draw >= share) return traffic
  const { counts, first } = moved(traffic, now)
  const spanMs = Math.max(1, tell.spanMs)
  const calls = tell.calls / share
  const counted = counts.successes.map((count, i) => {
    const from = (counts.newest - BUCKETS + 1 + i) * WIDTH_MS
    const ms = Math.min(now, from + WIDTH_MS) - Math.max(now - spanMs, from)
    return ms > 0 ? count + (calls * ms) / spanMs : count
  })
  const tells = counts.failures.map((count, i) => (i === BUCKETS - 1 ? count + 1 / share : count))
  return { ...traffic, counts: { ...counts, successes: counted, failures: tells }, first }
}

/**
 * The outcomes that a report to a closed breaker stands for. Failures are told at once, by everybody; successes are not. So where the
 * fleet's calls a second are known, the successes since the report before are what that makes, less the failures that were told
 * lately; those that the report itself brings are among them.
 */
export function accounted(
  state: Closed,
  report: Report,
  now: number,
): { traffic: Traffic; outcomes: string } {
  const { outcomes, settings, told = 1 } = report
  const traffic = toldOf(state.traffic, report.tell, now)
  if (!('outOf' in settings.trip) || traffic.counts === null) return { traffic, outcomes }
  const rate = rateOf(traffic, now)
  if (rate < LEAST_RATE_PER_MS || isOnly(state.reporters, report.reporter, now))
    return { traffic: { ...traffic, at: now, failed: 0, credit: 0 }, outcomes }
  const failures = failuresIn(outcomes)
  const ms = Math.min(LONGEST_MS, Math.max(0, now - traffic.at))
  const faded = (traffic.failed * ms) / (Math.max(FADES_MS, FADES_CALLS / rate) + ms)
  const assumed = Math.max(0, rate * ms - faded) * told + traffic.credit
  const whole = Math.floor(assumed)
  return {
    traffic: {
      ...traffic,
      at: now,
      failed: traffic.failed - faded + failures / told,
      credit: assumed - whole,
    },
    outcomes: successes(Math.min(whole, MOST_ASSUMED)) + FAILURE.repeat(failures),
  }
}

/** A breaker closes: the fleet calls as it did when somebody last told. */
export function trafficAgain({ counts, first }: Traffic, now: number): Traffic {
  const accounted = { at: now, failed: 0, credit: 0 }
  if (counts === null) return { counts, first, ...accounted }
  const newest = Math.floor(now / WIDTH_MS)
  return {
    counts: { ...counts, newest },
    first: first + newest - counts.newest,
    ...accounted,
  }
}
