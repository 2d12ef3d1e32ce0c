import { asStorageError } from '../../postgres/errors.ts'
import { namesIn } from '../../postgres/statements/names.ts'
import type { Connection } from '../database.ts'
import { pythonLibrary } from '../python-library.ts'
import { dutiesOf, type Role, rowSecurityOf } from './duties.ts'
import { type Facts, readFacts } from './facts.ts'
import { type Finding, identifier } from './finding.ts'
import { clock, isolationOf, roundTrip, serverOf, sessionOf } from './server.ts'
import { functionOf, hot, tablesOf } from './tables.ts'
import { type Tried, tryDuties } from './trial.ts'

/** What is looked at, and for whom. */
export interface Checked {
  readonly schema: string | undefined
  readonly namespace: string
  /** Left out: a worker's duties must be possible, and what an operator may not do is a note. */
  readonly role: Role | undefined
}

/** Looks at a database that answers, as the role of the connection. Leaves nothing in it. */
export async function check(connection: Connection, checked: Checked): Promise<readonly Finding[]> {
  const { schema, role } = checked
  const facts = await readFacts(connection, schema)
  const tables = tablesOf(facts)
  const findings = [
    serverOf(facts.row),
    sessionOf(facts, role),
    isolationOf(facts),
    await roundTrip(connection),
    await clock(connection),
    tables,
  ]
  if (tables.level === 'bad') return findings
  const names = namesIn(schema)
  findings.push(functionOf(facts, names, role), ...(await duties(connection, facts, checked)))
  const { breakers, user } = facts
  if (breakers.kind === 'table' && role !== 'reader') findings.push(hot(facts))
  const place = { ...names, schema: facts.schema, user }
  const python = await pythonLibrary(connection, place).catch((error): Finding => {
    const says = `not looked for: ${asStorageError(error).message}`
    return { check: 'Python library', level: 'note', says }
  })
  return python === undefined ? findings : [...findings, python]
}

async function duties(
  connection: Connection,
  facts: Facts,
  { schema, namespace, role }: Checked,
): Promise<readonly Finding[]> {
  const rowSecurity = rowSecurityOf(facts) ?? []
  let tried: Tried
  try {
    tried = await tryDuties(connection, { schema, namespace, byFunction: facts.functionCallable })
  } catch (error) {
    // An anonymous block is what the form without the function is sent as, too.
    const { message, sqlState } = asStorageError(error)
    const advice = `grant usage on language plpgsql to ${identifier(facts.user)};`
    const failed: Finding = { check: 'duties', level: 'bad', says: `not tried: ${message}` }
    return [sqlState === '42501' ? { ...failed, advice } : failed].concat(rowSecurity)
  }
  return dutiesOf(tried, facts, role).concat(rowSecurity)
}
