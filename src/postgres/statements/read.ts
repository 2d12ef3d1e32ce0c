import type { BreakerId } from '../../fleet/admin.ts'
import type { Statement } from '../database.ts'
import { installed, type Names } from './names.ts'
import { ms, snapshotSql } from './snapshot.ts'

/**
 * Breakers by key, in the order asked for; takes no lock and writes nothing. It also says whether
 * the function can be called: asking the catalogue is free, while a call that fails costs Neon's
 * proxy a connection. By a sub-select for each key, for a join takes longer to plan than to make.
 */
export function readStatement(ids: readonly BreakerId[], names: Names): Statement {
  const keys = ids.map(({ resourceKey, namespace }) => [resourceKey, namespace])
  return {
    text: `
select json_build_object('installed', ${installed(names)}, 'looks', array_to_json(array(
  select json_build_object('at', ${ms('clock_timestamp()')}, 'snapshot',
    (select ${snapshotSql('json_build_object', `'created_at', ${ms('c.created_at')}, `)}
    from ${names.breakers} c where c.resource_key = k.id ->> 0 and c.namespace = k.id ->> 1))
  from jsonb_array_elements($1::text::jsonb) with ordinality as k(id, ordinal)
 order by k.ordinal)))::text`,
    params: [JSON.stringify(keys)],
  }
}
