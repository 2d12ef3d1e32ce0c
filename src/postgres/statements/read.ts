import { type SQL, sql } from 'drizzle-orm'
import type { BreakerId } from '../../storage/port.ts'
import type { Names } from './names.ts'
import { ms, snapshotSql } from './snapshot.ts'

/**
 * Breakers by key, in the order asked for; takes no lock and writes nothing. It also says whether the function is installed: asking
 * the catalogue is free, while calling a function that is not there costs Neon's proxy a connection. By a sub-select for each key, for
 * a join would take longer to plan than to make.
 */
export function readStatement(ids: readonly BreakerId[], { breakers, fn }: Names): SQL {
  const keys = JSON.stringify(ids.map(({ resourceKey, namespace }) => [resourceKey, namespace]))
  return sql`${sql.raw(`
select (select ${snapshotSql('json_build_object')}
    from ${breakers} c where c.resource_key = k.id ->> 0 and c.namespace = k.id ->> 1) as snapshot,
       ${ms('clock_timestamp()')}::float8 as at, to_regprocedure('${fn}(jsonb)') is not null as installed
  from jsonb_array_elements(`)}${keys}${sql.raw(`::text::jsonb) with ordinality as k(id, ordinal)
 order by k.ordinal`)}`
}
