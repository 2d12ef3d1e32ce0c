import type { Facts, Privilege, Relation } from './facts.ts'
import { type Finding, identifier } from './finding.ts'
import { type Duty, NOT_AS_WRITTEN, NOT_TRIED, type Refusal, type Tried } from './trial.ts'

/** What a role is for. */
export const ROLES = ['worker', 'operator', 'reader'] as const
export type Role = (typeof ROLES)[number]

const NEEDED: Readonly<Record<Role, readonly Duty[]>> = {
  worker: ['reads', 'reports'],
  operator: ['reads', 'commands', 'removals', 'pruning'],
  reader: ['reads'],
}

interface Needs {
  readonly does: string
  readonly breakers: readonly Privilege[]
  readonly transitions: readonly Privilege[]
}

const DUTIES: Readonly<Record<Duty, Needs>> = {
  reads: {
    does: 'the breakers and the audit log were read',
    breakers: ['select'],
    transitions: ['select'],
  },
  reports: {
    does: 'an outcome was counted, and stored as it was written',
    breakers: ['select', 'insert', 'update'],
    transitions: ['select', 'insert'],
  },
  commands: {
    does: 'a command was carried out, and stored as it was written',
    breakers: ['select', 'insert', 'update'],
    transitions: ['select', 'insert'],
  },
  removals: {
    does: 'a breaker was removed',
    breakers: ['select', 'update', 'delete'],
    transitions: ['insert'],
  },
  pruning: {
    does: 'lines of the audit log were deleted',
    breakers: ['select', 'delete'],
    transitions: ['select', 'delete'],
  },
}

/** What the role can do, one line for each duty; `bad` where it cannot do what it is for. */
export function dutiesOf(tried: Tried, facts: Facts, role: Role | undefined): readonly Finding[] {
  return (Object.keys(DUTIES) as Duty[]).map((duty): Finding => {
    const refusal = tried[duty]
    const needed = NEEDED[role ?? 'worker'].includes(duty)
    if (refusal === null)
      return { check: duty, level: 'ok', says: DUTIES[duty].does + unneeded(needed, role) }
    const { says, advice } = reasonOf(duty, refusal, facts)
    if (!needed && role !== undefined)
      return { check: duty, level: 'ok', says: `not possible${unneeded(needed, role)}` }
    const whose = needed ? '' : '; only an operator needs this'
    return {
      check: duty,
      level: needed ? 'bad' : 'note',
      says: says + whose,
      ...(advice === undefined ? {} : { advice }),
    }
  })
}

const unneeded = (needed: boolean, role: Role | undefined): string =>
  needed || role === undefined
    ? ''
    : `; ${role === 'operator' ? 'an' : 'a'} ${role} does not need this`

interface Reason {
  readonly says: string
  readonly advice?: string | undefined
}

function reasonOf(duty: Duty, { sqlState, message }: Refusal, facts: Facts): Reason {
  const said = `${message} (${sqlState})`
  const { breakers, transitions, user } = facts
  switch (sqlState) {
    case '25006':
      return { says: 'not in a read-only session' }
    case '42501': {
      const needs = DUTIES[duty]
      const grants = [
        lacking(breakers, needs.breakers, user),
        lacking(transitions, needs.transitions, user),
      ].filter((each) => each !== undefined)
      if (grants.length > 0) {
        const rights = grants.map(({ privileges, table }) => `${privileges} on ${table}`)
        return {
          says: `the role may not ${rights.join(', nor ')}`,
          advice: grants.map(({ statement }) => statement).join('\n'),
        }
      }
      return { says: said, advice: policiesFor(facts) }
    }
    case NOT_TRIED:
      return { says: 'not tried, for nothing could be written' }
    case NOT_AS_WRITTEN:
      return { says: message, advice: meddling(facts) ?? policiesFor(facts) }
    case '55P03':
      return { says: said, advice: 'Another transaction holds a lock. Try again.' }
    case '42P01':
    case '42703':
    case '42883':
    case '42804':
      return { says: said, advice: facts.setUp }
    default:
      return { says: said, advice: meddling(facts) }
  }
}

function lacking({ name, privileges }: Relation, needs: readonly Privilege[], user: string) {
  const missing = needs.filter((privilege) => !privileges.includes(privilege)).join(', ')
  if (missing === '') return undefined
  return {
    privileges: missing,
    table: name,
    statement: `grant ${missing} on ${name} to ${identifier(user)};`,
  }
}

/** What stands on the tables and is not ours. Which of it is at fault only a person can tell. */
function meddling({ breakers, transitions }: Facts): string | undefined {
  const all = [...breakers.meddlers, ...transitions.meddlers]
  if (all.length === 0) return undefined
  return `Look at what can change or refuse a write, and take away what does:\n${all.map((each) => `  ${each}`).join('\n')}`
}

function policiesFor({ breakers, transitions, user }: Facts): string | undefined {
  const secured = [breakers, transitions].filter((relation) => relation.secured)
  if (secured.length === 0) return undefined
  return secured
    .map(
      ({ name }) =>
        `create policy rc_all on ${name} to ${identifier(user)} using (true) with check (true);`,
    )
    .join('\n')
}

/** Undefined where it is not at work for this role. */
export function rowSecurityOf(facts: Facts): Finding | undefined {
  const secured = [facts.breakers, facts.transitions].filter((relation) => relation.secured)
  if (secured.length === 0) return undefined
  return {
    check: 'row security',
    level: 'note',
    says: `at work on ${secured.map(({ name }) => name).join(' and ')}: a row that it hides is as if it were not there`,
    advice: 'Its policies must show this role every row of the namespaces that it uses.',
  }
}
