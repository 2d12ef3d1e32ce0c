import { type SQL, sql } from 'drizzle-orm'
import { type CheckedPrune, MOST_NAMESPACES, type Place } from '../../storage/paging.ts'
import type { HistoryQuery, ListQuery } from '../../storage/port.ts'
import type { Names } from './names.ts'
import { ms, snapshotSql } from './snapshot.ts'

const all = (conditions: readonly (SQL | undefined)[]): SQL =>
  sql.join([sql`true`, ...conditions.filter((c) => c !== undefined)], sql` and `)

const RANK = `case c.state when 'OPEN' then 0 when 'HALF_OPEN' then 1 else 2 end`
const ORDER = `${RANK}, -c.failure_count, c.resource_key collate "C", c.namespace collate "C"`

/** What a list and its summary both look for. */
const found = ({ namespace, search }: ListQuery): readonly (SQL | undefined)[] => [
  namespace === undefined ? undefined : sql`c.namespace = ${namespace}::text`,
  search === undefined ? undefined : sql`strpos(lower(c.resource_key), lower(${search}::text)) > 0`,
]

/**
 * Worst first, paged by key: no offset to count up to. No index serves it, for one on `state` would cost every write.
 * With a summary its first row carries that, and a row without a snapshot stands for an empty page.
 */
export function listStatement(
  query: ListQuery,
  after: Place | undefined,
  limit: number,
  names: Names,
): SQL {
  const page = pageStatement(query, after, limit, names)
  if (!query.summary) return page
  const { breakers } = names
  return sql`select p.snapshot, p.at, case when p.ordinal is null or p.ordinal = 1 then s.summary end as summary
  from (select json_build_object(
      'counts', (select json_build_object('OPEN', count(*) filter (where c.state = 'OPEN'), 'HALF_OPEN', count(*) filter (where c.state = 'HALF_OPEN'),
        'CLOSED', count(*) filter (where c.state = 'CLOSED')) from ${sql.raw(breakers)} c where ${all(found(query))}),
      'namespaces', (select coalesce(json_agg(n.namespace order by n.namespace collate "C"), '[]') from (
        select c.namespace from ${sql.raw(breakers)} c group by c.namespace order by c.namespace collate "C" limit ${MOST_NAMESPACES}::int) n)) as summary) s
  left join (select q.*, row_number() over () as ordinal from (${page}) q) p on true
 order by p.ordinal`
}

function pageStatement(
  query: ListQuery,
  after: Place | undefined,
  limit: number,
  { breakers }: Names,
): SQL {
  const { status } = query
  return sql`select ${sql.raw(`${snapshotSql('json_build_object')} as snapshot, ${ms('clock_timestamp()')}::float8 as at from ${breakers} c`)} where ${all(
    [
      ...found(query),
      status === undefined ? undefined : sql`c.state = ${status}::text`,
      after === undefined
        ? undefined
        : sql`(${sql.raw(ORDER)}) > (case ${after.status}::text when 'OPEN' then 0 when 'HALF_OPEN' then 1 else 2 end, -(${after.failureCount}::int), ${after.resourceKey}::text collate "C", ${after.namespace}::text collate "C")`,
    ],
  )} order by ${sql.raw(ORDER)} limit ${limit}::int`
}

export function historyStatement(
  { resourceKey, namespace }: HistoryQuery,
  newerThanMs: number | undefined,
  before: number | undefined,
  limit: number,
  { transitions }: Names,
): SQL {
  return sql`select ${sql.raw(`json_build_object('id', id, 'resourceKey', resource_key, 'namespace', namespace, 'generation', generation, 'from', from_state,
    'to', to_state, 'cause', cause, 'actor', actor, 'reason', reason, 'at', ${ms('at')}) as line from ${transitions}`)} where ${all(
    [
      resourceKey === undefined ? undefined : sql`resource_key = ${resourceKey}::text`,
      namespace === undefined ? undefined : sql`namespace = ${namespace}::text`,
      newerThanMs === undefined
        ? undefined
        : sql`at >= clock_timestamp() - ${newerThanMs}::bigint * interval '1 ms'`,
      before === undefined ? undefined : sql`id < ${before}::bigint`,
    ],
  )} order by id desc limit ${limit}::int`
}

/** Only what is closed, without override, and long untouched: an isolate may hold reports for any other. */
export function pruneStatement(
  { namespace, breakersOlderThanMs, transitionsOlderThanMs }: CheckedPrune,
  { breakers, transitions }: Names,
): SQL {
  const older = (column: string, ms: number | undefined) =>
    sql`${sql.raw(column)} < clock_timestamp() - ${ms ?? null}::bigint * interval '1 ms'`
  const within = namespace === undefined ? undefined : sql`namespace = ${namespace}::text`
  return sql`with b as (delete from ${sql.raw(breakers)} where ${all([older('updated_at', breakersOlderThanMs), sql`state = 'CLOSED' and own_state = 'CLOSED' and override is null`, within])} returning 1),
    t as (delete from ${sql.raw(transitions)} where ${all([older('at', transitionsOlderThanMs), within])} returning 1)
    select (select count(*) from b)::int as breakers, (select count(*) from t)::int as transitions`
}
