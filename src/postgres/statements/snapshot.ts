import { INDEFINITE } from '../../core/state.ts'

/** Did another program write the row `c`? */
const IS_FOREIGN = 'c.state <> c.own_state or c.open_until is distinct from c.own_open_until'
/** Did it write its window along? Over an open of ours, which has none. The trigger tells where it wrote an empty one, too. */
const HAS_WINDOW = `(c.foreign_window or c.execution_log is distinct from '[]')`

/** Does this end still lie ahead at `t`? One further ahead than its own duration means that the clock stepped back. Null: no end. */
export const ahead = (end: string, t: string, ms: string): string =>
  `${end} > ${t} and ${end} <= ${t} + ${ms} * interval '1 ms'`

/** The status of the row `c` as `reconcile` of the core will have it: a foreign write may still have to be taken in, or undone. */
export const STATUS: string = `case when c.state in (c.own_state, 'OPEN') then c.state
    when c.own_state = 'OPEN' and ${ahead('c.own_open_until', 'clock_timestamp()', 'c.cooldown_ms')}
      then case when ${HAS_WINDOW} then c.state else 'OPEN' end
    when c.state = 'HALF_OPEN' or c.failure_count = 0 then c.state else c.own_state end`

/** An instant as the specification counts: whole milliseconds since 1970. */
export const ms = (instant: string): string =>
  `floor(extract(epoch from ${instant}) * 1000)::bigint`

/**
 * The row `c` as JSON, which every driver hands over alike: their ideas of `int8`, arrays and instants differ.
 * `build` is the function that makes it: `jsonb_build_object` within a larger `jsonb`, `json_build_object` where it stands alone.
 * `more` are fields that only some statements ask for.
 */
export function snapshotSql(build: 'jsonb_build_object' | 'json_build_object', more = ''): string {
  return `${build}(${more}'resource_key', c.resource_key, 'namespace', c.namespace, 'state', c.state, 'generation', c.generation,
    'previous_generation', c.previous_generation, 'version', c.version, 'failure_count', c.failure_count, 'open_until', case when isfinite(c.open_until) then ${ms('c.open_until')}
      when c.open_until = 'infinity' then ${INDEFINITE} end,
    'cooldown_ms', c.cooldown_ms, 'log', c.log, 'opens', c.opens, 'cause', c.cause, 'leases', c.leases, 'lease_ms', c.lease_ms, 'bucket', c.bucket,
    'bucket_ms', c.bucket_ms, 'bucket_successes', c.bucket_successes, 'bucket_failures', c.bucket_failures, 'override', c.override,
    'override_until', ${ms('c.override_until')}, 'override_ms', c.override_ms, 'override_actor', c.override_actor, 'override_reason', c.override_reason,
    'would_reject', c.would_reject, 'settings', c.settings, 'seen', c.seen, 'seen_at', c.seen_at,
    'failures', c.failures, 'failed', c.failed, 'failed_nth', c.failed_nth, 'alone', c.alone, 'alone_until', c.alone_until,
    'calls_bucket', c.calls_bucket, 'calls_ms', c.calls_ms, 'calls', c.calls, 'tells', c.tells, 'calls_first', c.calls_first,
    'accounted_at', c.accounted_at, 'recently_failed', c.recently_failed, 'credit', c.credit, 'updated_at', ${ms('c.updated_at')}, 'since', c.flush_ids[1],
    'foreign', case when ${IS_FOREIGN} then ${build}('state', c.own_state, 'open_until', ${ms('c.own_open_until')}, 'window', ${HAS_WINDOW}) end)`
}

/**
 * Is the row `c`, where it is open, due at `t`, whole milliseconds? An end that another program wrote counts unless it comes before
 * ours, which `reconcile` keeps.
 */
export function dueSql(t: string): string {
  const own = `(${ahead('c.own_open_until', t, 'c.cooldown_ms')}) is not true`
  return `case when ${IS_FOREIGN} then (date_trunc('milliseconds', c.open_until) > ${t}) is not true
      and (c.own_state <> 'OPEN' or ${own} or ${HAS_WINDOW}) else ${own} end`
}
