import { circuitBreakers, circuitTransitions } from '../../postgres/schema.ts'
import { FUNCTION_NAME } from '../../postgres/statements/function-name.ts'
import type { Names } from '../../postgres/statements/names.ts'
import type { Role } from './duties.ts'
import type { Facts, Relation } from './facts.ts'
import { type Finding, identifier } from './finding.ts'

/** Fewer updates say nothing. */
const ENOUGH_UPDATES = 100

/** Are the tables there, of this version, and within the role's reach? */
export function tablesOf(facts: Facts): Finding {
  const { breakers, transitions, schema, setUp } = facts
  const bad = (says: string, advice = setUp): Finding => ({
    check: 'tables',
    level: 'bad',
    says,
    advice,
  })
  const usage = (name: string) =>
    bad(
      `the role may not use the schema ${name}`,
      `grant usage on schema ${identifier(name)} to ${identifier(facts.user)};`,
    )
  if (facts.schemaExists && !facts.schemaUsable) return usage(schema)
  if (!breakers.found) {
    const [other] = facts.elsewhere
    if (other === undefined)
      return bad(`there is no table rc_circuit_breakers in the schema ${schema}`)
    if (!other.usable) return usage(other.schema)
    const all = facts.elsewhere.map((each) => each.schema).join(', ')
    return bad(
      `there is no table rc_circuit_breakers in the schema ${schema}, but in ${all}`,
      `Name the schema, here as --schema ${other.schema}; or create the tables: ${setUp}`,
    )
  }
  if (!breakers.columns.includes('own_state'))
    return bad("rc_circuit_breakers is the Python library's, and not yet upgraded")
  const missing = missingIn(breakers, circuitBreakers)
  if (missing !== '') return bad(`rc_circuit_breakers is of another version: ${missing} missing`)
  if (!transitions.found) return bad('there is no table rc_circuit_transitions')
  const unlogged = missingIn(transitions, circuitTransitions)
  if (unlogged !== '')
    return bad(`rc_circuit_transitions is of another version: ${unlogged} missing`)
  const standIn = [breakers, transitions].find(({ kind }) => kind !== 'table')
  if (standIn !== undefined) {
    return {
      check: 'tables',
      level: 'note',
      says: `${standIn.name} is a ${standIn.kind}, which pg-setup cannot upgrade`,
      advice: 'Name the schema of the tables themselves, and grant the role what it needs there.',
    }
  }
  if (!facts.isKeyed)
    return bad(
      `${breakers.name} has no primary key, so one breaker can have several rows`,
      `alter table ${breakers.name} add primary key (resource_key, namespace);`,
    )
  return { check: 'tables', level: 'ok', says: `of this version, in the schema ${schema}` }
}

function missingIn({ columns }: Relation, table: object): string {
  return Object.values(table)
    .flatMap((column) => (typeof column === 'object' ? [String(column.name)] : []))
    .filter((name) => !columns.includes(name))
    .join(', ')
}

export function functionOf(facts: Facts, { fn }: Names, role: Role | undefined): Finding {
  const { functionFound, functionCallable, setUp, user } = facts
  const { others } = facts.row
  const rest = Number(others) > 0 ? `, beside ${others} of other versions` : ''
  const check = 'function'
  if (!functionFound) {
    return {
      check,
      level: 'note',
      says: `not installed${rest}: it works, at a fraction of the throughput`,
      advice: setUp,
    }
  }
  if (!functionCallable) {
    if (role === 'reader')
      return { check, level: 'ok', says: `${FUNCTION_NAME}, which a reader does not call` }
    return {
      check,
      level: 'note',
      says: `the role may not call ${FUNCTION_NAME}: it works, at a fraction of the throughput`,
      advice: `grant execute on function ${fn}(jsonb) to ${identifier(user)};`,
    }
  }
  if (rest === '') return { check, level: 'ok', says: FUNCTION_NAME }
  return {
    check,
    level: 'ok',
    says: FUNCTION_NAME + rest,
    advice: `Once no program uses those any more: ${setUp} --prune-functions`,
  }
}

/** Updates that stay within their page (HOT) touch no index, and leave nothing to vacuum. */
export function hot({ row, breakers, setUp }: Facts): Finding {
  const { reloptions, updates, hot: within, costly, original_trigger } = row
  const share = Number(updates) === 0 ? 1 : Number(within) / Number(updates)
  const says =
    Number(updates) < ENOUGH_UPDATES
      ? 'too few updates to tell'
      : `${Math.floor(share * 100)} % of ${updates} updates`
  const note = (why: string, advice: string): Finding => ({
    check: 'HOT updates',
    level: 'note',
    says: `${says}; ${why}`,
    advice,
  })
  if (typeof costly === 'string')
    return note(`${costly} makes every write touch every index`, `drop index ${costly};`)
  if (original_trigger === true)
    return note("the Python command line's trigger stamps every write", setUp)
  if (!String(reloptions ?? '').includes('fillfactor'))
    return note(
      'no room is kept in the pages',
      `alter table ${breakers.name} set (fillfactor = 50);`,
    )
  if (Number(updates) >= ENOUGH_UPDATES && share < 0.8) {
    return note(
      'something holds old snapshots',
      'Look for transactions that stay open: select * from pg_stat_activity order by xact_start;',
    )
  }
  return { check: 'HOT updates', level: 'ok', says }
}
