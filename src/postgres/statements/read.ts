import { type SQL, sql } from 'drizzle-orm'
import type { BreakerId } from '../../storage/port.ts'
import type { Names } from './names.ts'
import { ms, snapshotSql } from './snapshot.ts'

/**
 * Breakers by key, in the order asked for; takes no lock and writes nothing. It also says whether the function is installed: asking
 * the catalogue is free, while calling a function that is not there costs Neon's proxy a connection.
 */
export function readStatement(ids: readonly BreakerId[], { breakers, fn }: Names): SQL {
  const keys = JSON.stringify(ids.map(({ resourceKey, namespace }) => [resourceKey, namespace]))
  return sql`${sql.raw(`
select case when c.resource_key is not null then ${snapshotSql('json_build_object')} end as snapshot,
       ${ms('clock_timestamp()')}::float8 as at, to_regprocedure('${fn}(jsonb)') is not null as installed
  from jsonb_array_elements(`)}${keys}${sql.raw(`::text::jsonb) with ordinality as k(id, ordinal)
  left join ${breakers} c on c.resource_key = k.id ->> 0 and c.namespace = k.id ->> 1
 order by k.ordinal`)}`
}
