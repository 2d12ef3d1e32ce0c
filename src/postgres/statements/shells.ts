import { EXCHANGE_BODY } from './exchange.ts'
import { ms, snapshotSql } from './snapshot.ts'

const body = (request: string, read: string, answer: string): string =>
  EXCHANGE_BODY.replace('/*request*/', request)
    .replace('/*read*/', read)
    .replace('/*answer*/', answer)
    .replace('/*snapshot*/', snapshotSql('json_build_object'))

/** Where nobody asks for more than a look, the general way would be several times as long. */
const READ_PATH = `if not request @? '$[*] ? (@.type != "look")' then
    return (select json_agg(json_build_object('at', ${ms('clock_timestamp()')}, 'snapshot', (select ${snapshotSql('json_build_object')}
      from rc_circuit_breakers c where c.resource_key = q.e ->> 'resource_key' and c.namespace = q.e ->> 'namespace')) order by q.ordinal)
      from jsonb_array_elements(request) with ordinality as q(e, ordinal));
  end if;`

const FUNCTION_BODY = body('$1', READ_PATH, "return ('[' || answer || ']')::json;")

/** 32-bit FNV-1a as 8 hex digits: names a text, guards nothing. */
function hash(text: string): string {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return (h >>> 0).toString(16).padStart(8, '0')
}

/** The function's name ends in a hash of its text, so that in a rolling deploy nobody calls another version's function. */
export const FUNCTION_NAME: string = `rc_exchange_${hash(FUNCTION_BODY)}`

/** What `migrate` and `pg-setup` install: the body as a function, whose plans stay cached in the database's connections. */
export const CREATE_FUNCTION: string = `create or replace function ${FUNCTION_NAME}(jsonb) returns json language plpgsql as $rc$
${FUNCTION_BODY}
$rc$`

/** What is sent where only the tables exist: the body as an anonymous block, which takes and gives its values through settings. */
export const DO_BLOCK: string = `do $rc$
${body(`current_setting('rc.request')::jsonb`, '', `perform set_config('rc.answer', '[' || answer || ']', true);`)}
$rc$`
