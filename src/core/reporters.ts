import { advance, total } from './buckets.ts'
import type { Report, Reporter, Show } from './event.ts'
import { MOST_REPORTERS } from './limits.ts'
import { failuresIn } from './log.ts'
import type { Settings } from './settings.ts'
import { type Closed, NO_REPORTERS, type Reporters, type Sign } from './state.ts'

/** Of so many reporters a row knows when it last heard of them: of as many as a limit may ask for, beside the one that reports. */
const KEPT = MOST_REPORTERS + 1
/** The name of whoever gives none, as earlier versions of this library do. Each of its failures may be another isolate's. */
export const UNNAMED = 0
/** A row that heard of enough others within this share of the time for which they count as alive need not hear of one more. */
const RECENTLY = 0.4
/** Within so long a second report of the same isolate says nothing new of it. */
const SAME_MS = 1_000
/** For how long the word of an isolate that it fails alone stands, at least. */
const ALONE_MS = 30_000

/** A clock that steps a little back makes nobody dead, and one that steps far back leaves nobody alive. */
const within = (sign: Sign, ms: number, now: number) => Math.abs(now - sign.at) < ms

/** How many other reporters the row heard of within so long. */
function others(reporters: Reporters, id: number, ms: number, now: number): number {
  let count = 0
  for (const sign of reporters.seen) if (sign.id !== id && within(sign, ms, now)) count++
  return count
}

/**
 * Should this isolate make itself known? It should where too few others did lately: a fleet that is well writes nothing, and one
 * isolate that fails must not look like the only one.
 */
export function isUnknown(
  reporters: Reporters,
  { id, aliveMs }: Reporter,
  { reporters: most }: Settings,
  now: number,
): boolean {
  return others(reporters, id, aliveMs * RECENTLY, now) < most
}

/** Is it the only one that is alive, so that it knows of all calls? */
export function isOnly(reporters: Reporters, reporter: Reporter | undefined, now: number): boolean {
  return reporter !== undefined && others(reporters, reporter.id, reporter.aliveMs, now) === 0
}

/**
 * How many failures of a report may trip the breaker: none where all of them, with the newest before them, come from too few
 * reporters. As many must differ as the limit asks for, but no more than are alive, nor than there are failures in a count.
 */
export function tripping(
  state: Closed,
  event: Pick<Report, 'reporter' | 'settings'>,
  now: number,
): number {
  const { reporter, settings } = event
  if (reporter === undefined) return Number.POSITIVE_INFINITY
  const { trip } = settings
  const { reporters } = state
  const k = 'outOf' in trip ? trip.failures : Number.POSITIVE_INFINITY
  const needed = Math.min(
    settings.reporters,
    k,
    1 + others(reporters, reporter.id, reporter.aliveMs, now),
  )
  // Whoever stopped itself reports no more, and fails all the same.
  const stopped = reporters.alone.filter(
    (each) => each.id !== reporter.id && each.until > now,
  ).length
  if (needed - stopped <= 1) return Number.POSITIVE_INFINITY
  // The reporter itself is one of them; the newest failure of the last one that is needed must be among those that count.
  const last = reporters.failed.filter((failed) => failed.id !== reporter.id)[needed - 2]
  if (last === undefined) return 0
  const newer = reporters.failures - last.nth
  if ('outOf' in trip) return Math.max(0, trip.failures - 1 - newer)
  const failures = total(advance(state.buckets, trip.bucketMs, now).failures)
  return newer < failures ? Number.POSITIVE_INFINITY : 0
}

/**
 * Do others fail, too, and so much that the breaker may soon open for all? Failures of enough reporters count, and are half as many
 * as it takes; of a time window a quarter, for a row that is written too often is told only a share of the failures. An isolate then
 * leaves it to the row.
 */
export function failTogether(
  state: Closed,
  event: Pick<Report, 'reporter' | 'settings'>,
  now: number,
): boolean {
  if (tripping(state, event, now) === 0) return false
  const { trip } = event.settings
  if ('outOf' in trip) return 2 * failuresIn(state.log, trip.outOf) >= trip.failures
  const { successes, failures } = advance(state.buckets, trip.bucketMs, now)
  const failed = total(failures)
  return 4 * failed >= trip.rate * (failed + total(successes))
}

/**
 * What the row knows after a report was written; the same object where it heard of the same isolate just before. One that failed
 * alone, and reports, is among the others again.
 */
export function heard(reporters: Reporters, { reporter }: Report, now: number): Reporters {
  const id = reporter?.id ?? UNNAMED
  const [newest] = reporters.seen
  const wasAlone = reporters.alone.some((each) => each.id === id)
  if (!wasAlone && newest?.id === id && within(newest, SAME_MS, now)) return reporters
  const alone = wasAlone ? reporters.alone.filter((each) => each.id !== id) : reporters.alone
  return { ...reporters, alone, seen: first(reporters.seen, { id, at: now }) }
}

/** What it knows after so many more failures. */
export function failedBy(
  reporters: Reporters,
  reporter: Reporter | undefined,
  more: number,
): Reporters {
  if (more === 0) return reporters
  const failures = reporters.failures + more
  if (reporter !== undefined)
    return {
      ...reporters,
      failures,
      failed: first(reporters.failed, { id: reporter.id, nth: failures }),
    }
  const unnamed = Array.from({ length: Math.min(more, KEPT) }, (_, i) => ({
    id: UNNAMED,
    nth: failures - i,
  }))
  return { ...reporters, failures, failed: [...unnamed, ...reporters.failed].slice(0, KEPT) }
}

/** The newest in front, and each name once. */
function first<T extends { readonly id: number }>(known: readonly T[], newest: T): readonly T[] {
  return [newest, ...known.filter((each) => each.id !== newest.id)].slice(0, KEPT)
}

/**
 * What the row knows after an isolate made itself known; the same object where that is nothing new.
 * @param isWritten whether the row is written anyway
 */
export function shown(
  reporters: Reporters,
  event: Show,
  now: number,
  isWritten: boolean,
): Reporters {
  const { reporter, alone, settings } = event
  const { id, aliveMs } = reporter
  const stands = (each: { until: number }) => each.until > now
  const known = reporters.alone.filter((each) => each.id !== id && stands(each))
  const wasAlone = reporters.alone.some((each) => each.id === id && stands(each))
  if (!isWritten && !alone && !wasAlone && !isUnknown(reporters, reporter, settings, now))
    return reporters
  return {
    ...reporters,
    seen: first(reporters.seen, { id, at: now }),
    alone: alone
      ? [{ id, until: now + Math.max(ALONE_MS, aliveMs) }, ...known].slice(0, KEPT)
      : known,
  }
}

/** A breaker closes: whoever was there before it opened is there now, and nobody has failed yet. */
export function resumed({ seen }: Reporters, now: number): Reporters {
  return { ...NO_REPORTERS, seen: seen.map(({ id }) => ({ id, at: now })) }
}

/** How many isolates fail alone: as many as the row can name, at most. */
export function failingAlone({ alone }: Reporters, now: number): number {
  return alone.filter(({ until }) => until > now).length
}
