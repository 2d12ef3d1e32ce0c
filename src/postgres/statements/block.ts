import { EXCHANGE_BODY } from './exchange.ts'
import { snapshotSql } from './snapshot.ts'

/** The body with its ends filled in: where its request comes from, what it may do before its rule, and where its answer goes. */
export function bodyIn(request: string, read: string, answer: string): string {
  return EXCHANGE_BODY.replace('/*request*/', request)
    .replace('/*read*/', read)
    .replace('/*answer*/', answer)
    .replace('/*snapshot*/', snapshotSql('json_build_object'))
}

/** What is sent where only the tables exist: the body as an anonymous block, which takes and gives its values through settings. */
export const DO_BLOCK: string = `do $rc$
${bodyIn(`current_setting('rc.request')::jsonb`, '', `perform set_config('rc.answer', '[' || answer || ']', true);`)}
$rc$`
