import { readEnvironment } from '../../env/settings.ts'
import { namesIn } from '../../postgres/statements/names.ts'
import { connect, databaseOf, placeOf } from '../database.ts'
import { check } from '../doctor/check.ts'
import { ROLES, type Role } from '../doctor/duties.ts'
import type { Finding } from '../doctor/finding.ts'
import { explain } from '../explain.ts'
import { type Paint, painter, printable } from '../style.ts'
import { EXIT } from '../terminal.ts'
import { type Command, type Given, UsageError } from '../usage.ts'
import { JSON_OPTION, SCHEMA, writeJson } from './common.ts'

export const doctor: Command = {
  name: 'doctor',
  summary: 'Look at the database and its settings, and say what to do about them.',
  details:
    'As the role of the connection it reads, reports an outcome, gives a command, removes and prunes, with a breaker of its own and in a transaction that it undoes: nothing is left of it.',
  arguments: [],
  options: {
    for: {
      value: 'role',
      help: `What the role is for: ${ROLES.join(', ')}. Default: a worker's duties must be possible, an operator's are noted.`,
    },
    schema: SCHEMA,
    json: JSON_OPTION,
  },
  async run(given, terminal) {
    const { stdout, env } = terminal
    const database = databaseOf(terminal)
    const { endpoint, name, user } = placeOf(database)
    const { namespace } = readEnvironment(env, true)
    const role = roleOf(given)
    const schema = given.text('schema')
    // Refuses what is no name, before anything is asked.
    namesIn(schema)
    const findings: Finding[] = [
      {
        check: 'settings',
        level: 'ok',
        says: `${database.variable}, namespace ${namespace}`,
      },
      {
        check: 'driver',
        level: 'ok',
        says: `${database.driver}, ${endpoint}, database ${name}, as ${user}`,
      },
    ]
    try {
      const connection = await connect(database)
      try {
        findings.push(
          { check: 'connection', level: 'ok', says: 'answers' },
          ...(await check(connection, { schema, namespace, role })),
        )
      } finally {
        await connection.close()
      }
    } catch (error) {
      const { problem, advice } = explain(error, database)
      findings.push({
        check: 'connection',
        level: 'bad',
        says: problem,
        ...(advice === undefined ? {} : { advice }),
      })
    }
    if (given.flag('json')) writeJson(terminal, findings)
    else stdout.write(report(findings, painter(stdout, env)))
    return findings.some(({ level }) => level === 'bad') ? EXIT.failed : EXIT.ok
  },
}

function roleOf(given: Given): Role | undefined {
  const value = given.text('for')
  const role = ROLES.find((each) => each === value)
  if (value !== undefined && role === undefined)
    throw new UsageError(`--for must be one of ${ROLES.join(', ')}; got ${JSON.stringify(value)}`)
  return role
}

const MARKS = { ok: ['green', 'ok  '], note: ['yellow', 'note'], bad: ['red', 'BAD '] } as const

function report(findings: readonly Finding[], paint: Paint): string {
  const width = Math.max(...findings.map(({ check: name }) => name.length))
  return findings
    .map(({ check: name, level, says, advice }) => {
      const [colour, mark] = MARKS[level]
      const indent = ' '.repeat(width + 8)
      const lines =
        advice === undefined
          ? []
          : advice.split('\n').map((line) => `${indent}${paint('cyan', line)}\n`)
      return `${paint(colour, mark)}  ${name.padEnd(width)}  ${printable(says)}\n${lines.join('')}`
    })
    .join('')
}
