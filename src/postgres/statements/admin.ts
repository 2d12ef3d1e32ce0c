import type { HistoryQuery, ListQuery, RemoveRequest } from '../../fleet/admin.ts'
import { type CheckedPrune, type ListCursor, MOST_NAMESPACES } from '../../fleet/paging.ts'
import { Params, type Statement } from '../database.ts'
import type { Names } from './names.ts'
import { ahead, dueSql, ms, STATUS, snapshotSql } from './snapshot.ts'

const all = (conditions: readonly (string | false)[]): string =>
  ['true', ...conditions.filter((condition) => condition !== false)].join(' and ')

/** The instant of the statement, and the one that ranks: read once, where a join to them would cost each row. */
const [NOW, RANKED] = ['(select t from n)', '(select r from n)']
const isDue = (t: string): string => `${STATUS} = 'OPEN' and ${dueSql(t)}`
/** Is an order in force under which nothing is rejected? */
const LAX = `c.override in ('DISABLED', 'METRICS_ONLY') and (${ahead('c.override_until', RANKED, 'c.override_ms')}) is not false`
/** `rankOf` of the list. Most are closed, and ask no further. */
const RANK = `case ${STATUS} when 'CLOSED' then 3 when 'OPEN' then case when ${LAX} or ${dueSql(RANKED)} then 2 else 0 end
    else case when ${LAX} then 2 else 1 end end`
const ORDER = `${RANK}, -c.failure_count, c.resource_key collate "C", c.namespace collate "C"`

/**
 * Worst first, paged by key: no offset to count up to. No index serves it, for one on `state` would
 * cost every write.
 */
export function listStatement(
  { namespace, status, due, search, summary }: ListQuery,
  after: ListCursor | undefined,
  limit: number,
  { breakers }: Names,
): Statement {
  const params = new Params()
  // What the list and its summary both look for.
  const found = [
    namespace !== undefined && `c.namespace = ${params.add(namespace)}`,
    search !== undefined && `strpos(lower(c.resource_key), lower(${params.add(search)})) > 0`,
  ]
  const page = all([
    ...found,
    status !== undefined && `${STATUS} = ${params.add(status)}`,
    due !== undefined && `(${isDue(NOW)}) is ${due}`,
    after !== undefined &&
      `(${ORDER}) > (${params.add(after.rank)}::int, -(${params.add(after.failureCount)}::int),
        ${params.add(after.resourceKey)} collate "C", ${params.add(after.namespace)} collate "C")`,
  ])
  const first = after
    ? `timestamptz 'epoch' + ${params.add(after.at)}::bigint * interval '1 ms'`
    : 't'
  const count = (state: string) => `'${state}', count(*) filter (where f.status = '${state}')`
  const summed = `(select json_build_object(
    'counts', json_build_object(${['OPEN', 'HALF_OPEN', 'CLOSED'].map(count).join(', ')}),
    'due', count(*) filter (where f.due),
    'namespaces', array_to_json(array(select c.namespace from ${breakers} c
      group by c.namespace order by c.namespace collate "C" limit ${MOST_NAMESPACES})))
      from (select ${STATUS} as status, ${isDue(NOW)} as due from ${breakers} c where ${all(found)}) f)`
  return {
    text: `with n as materialized (select t, ${first} as r from (select date_trunc('milliseconds', clock_timestamp()) as t offset 0) x)
select json_build_object('at', ${ms(NOW)}, 'rows', array_to_json(array(
  select ${snapshotSql('json_build_object', `'rank', ${RANK}, `)}
    from ${breakers} c where ${page}
   order by ${ORDER} limit ${params.add(limit)}::int)), 'summary', ${summary ? summed : 'null'})::text`,
    params: params.values,
  }
}

/** The audit log, newest first. */
export function historyStatement(
  { resourceKey, namespace }: HistoryQuery,
  newerThanMs: number | undefined,
  before: number | undefined,
  limit: number,
  { transitions }: Names,
): Statement {
  const params = new Params()
  const wanted = all([
    resourceKey !== undefined && `resource_key = ${params.add(resourceKey)}`,
    namespace !== undefined && `namespace = ${params.add(namespace)}`,
    newerThanMs !== undefined &&
      `at >= clock_timestamp() - ${params.add(newerThanMs)}::bigint * interval '1 ms'`,
    before !== undefined && `id < ${params.add(before)}::bigint`,
  ])
  return {
    text: `select array_to_json(array(select json_build_object('id', id, 'resourceKey', resource_key,
    'namespace', namespace, 'generation', generation, 'from', from_state, 'to', to_state,
    'cause', cause, 'actor', actor, 'reason', reason, 'at', ${ms('at')}) from ${transitions}
  where ${wanted} order by id desc limit ${params.add(limit)}::int))::text`,
    params: params.values,
  }
}

/**
 * Locks the row before it deletes it: whether there was one must not hang on what another program does meanwhile. The line in the
 * audit log goes on from what the line before it says, even where another program has written to the row since.
 */
export function removeStatement(
  { resourceKey, namespace, actor, reason }: RemoveRequest,
  { breakers, transitions }: Names,
): Statement {
  return {
    text: `with c as (select * from ${breakers} where resource_key = $1 and namespace = $2 for update),
    d as (delete from ${breakers} b using c where b.resource_key = c.resource_key and b.namespace = c.namespace returning 1),
    t as (insert into ${transitions} (resource_key, namespace, generation, from_state, to_state, cause, actor, reason, at)
      select resource_key, namespace, greatest(generation + 1, ${ms('at')}), own_state, 'CLOSED', 'removed', nullif($3::text, ''), nullif($4::text, ''), at
      from c, lateral (select clock_timestamp() as at) now returning 1)
  select array_to_json(array[(select count(*) from c), (select count(*) from d), (select count(*) from t)])::text`,
    params: [resourceKey, namespace, actor ?? '', reason ?? ''],
  }
}

/** Only what is closed, without an order in force, and long untouched: an isolate may hold reports for any other. */
export function pruneStatement(
  { namespace, breakersOlderThanMs, transitionsOlderThanMs }: CheckedPrune,
  { breakers, transitions }: Names,
): Statement {
  const params = new Params()
  const older = (column: string, ms: number | undefined) =>
    ms === undefined
      ? 'false'
      : `${column} < clock_timestamp() - ${params.add(ms)}::bigint * interval '1 ms'`
  const within = namespace !== undefined && `namespace = ${params.add(namespace)}`
  const idle = `state = 'CLOSED' and own_state = 'CLOSED'
      and (override is null or (${ahead('override_until', 'clock_timestamp()', 'override_ms')}) is false)`
  return {
    text: `with b as (delete from ${breakers} where ${all([
      older('updated_at', breakersOlderThanMs),
      idle,
      within,
    ])} returning 1),
    t as (delete from ${transitions} where ${all([
      older('at', transitionsOlderThanMs),
      within,
    ])} returning 1)
  select json_build_object('breakers', (select count(*) from b),
    'transitions', (select count(*) from t))::text`,
    params: params.values,
  }
}
