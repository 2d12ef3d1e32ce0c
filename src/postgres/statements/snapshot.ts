/** An instant as the specification counts: whole milliseconds since 1970. */
export const ms = (instant: string): string =>
  `floor(extract(epoch from ${instant}) * 1000)::bigint`

/**
 * The row `c` as JSON, which every driver hands over alike: their ideas of `int8`, arrays and instants differ.
 * `build` is the function that makes it: `jsonb_build_object` within a larger `jsonb`, `json_build_object` where it stands alone.
 */
export function snapshotSql(build: 'jsonb_build_object' | 'json_build_object'): string {
  return `${build}('resource_key', c.resource_key, 'namespace', c.namespace, 'state', c.state, 'generation', c.generation,
    'previous_generation', c.previous_generation, 'version', c.version, 'failure_count', c.failure_count, 'open_until', case when isfinite(c.open_until) then ${ms('c.open_until')} end,
    'cooldown_ms', c.cooldown_ms, 'log', c.log, 'opens', c.opens, 'cause', c.cause, 'leases', c.leases, 'lease_ms', c.lease_ms, 'bucket', c.bucket,
    'bucket_ms', c.bucket_ms, 'bucket_successes', c.bucket_successes, 'bucket_failures', c.bucket_failures, 'override', c.override,
    'override_until', ${ms('c.override_until')}, 'override_ms', c.override_ms, 'override_actor', c.override_actor, 'override_reason', c.override_reason,
    'would_reject', c.would_reject, 'settings', c.settings, 'updated_at', ${ms('c.updated_at')}, 'since', c.flush_ids[1],
    'foreign', c.state <> c.own_state or c.open_until is distinct from c.own_open_until)`
}
