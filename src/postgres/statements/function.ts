import { bodyIn } from './block.ts'
import { ms, snapshotSql } from './snapshot.ts'

/** Where nobody asks for more than a look, the general way would be several times as long. */
const READ_PATH = `if not request @? '$[*] ? (@.type != "look")' then
    return (select json_agg(json_build_object('at', ${ms('clock_timestamp()')}, 'snapshot', (select ${snapshotSql('json_build_object')}
      from rc_circuit_breakers c where c.resource_key = q.e ->> 'resource_key' and c.namespace = q.e ->> 'namespace')) order by q.ordinal)
      from jsonb_array_elements(request) with ordinality as q(e, ordinal));
  end if;`

const FUNCTION_BODY = bodyIn('$1', READ_PATH, "return ('[' || answer || ']')::json;")

/** 32-bit FNV-1a as 8 hex digits: names a text, guards nothing. */
function hash(text: string): string {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(16).padStart(8, '0')
}

/** What the function has to be called. `function-name.ts` says so to those who only call it, and need not carry its text. */
export const NAME_BY_TEXT: string = `rc_exchange_${hash(FUNCTION_BODY)}`

/** What `migrate` and `pg-setup` install: the body as a function, whose plans stay cached in the database's connections. */
export const CREATE_FUNCTION: string = `create or replace function ${NAME_BY_TEXT}(jsonb) returns json language plpgsql as $rc$
${FUNCTION_BODY}
$rc$`
