import type { DatabaseSettings } from '../../env/settings.ts'
import { type Migrated, type MigrateOptions, migrate } from '../../postgres/migrate.ts'
import { databaseOf, migrationTarget, placeOf } from '../database.ts'
import { rolesSql } from '../roles.ts'
import { painter, printable } from '../style.ts'
import { EXIT, type Terminal } from '../terminal.ts'
import { type Command, UsageError } from '../usage.ts'
import { JSON_OPTION, writeJson } from './common.ts'

export const pgSetup: Command = {
  name: 'pg-setup',
  summary: 'Create the tables and functions, or bring them up to date.',
  details: `In one transaction; doing it again changes nothing. A table of the Python library is upgraded in place and keeps every row.`,
  arguments: [],
  options: {
    yes: { help: 'Do not ask.' },
    'dry-run': { help: 'Print the SQL that would run, and connect to nothing.' },
    roles: {
      help: 'Print the SQL for three roles with no more than they need, a worker, an operator and a reader, and connect to nothing.',
    },
    'original-time-zone': {
      value: 'zone',
      help: "The IANA time zone of the Python library's processes. Default: the connection's.",
    },
    'prune-functions': {
      help: 'Drop the functions of other versions. Not while programs of those still run.',
    },
    schema: {
      value: 'name',
      help: 'A schema for the tables, created if missing. Default: the search path.',
    },
    json: JSON_OPTION,
  },
  async run(given, terminal) {
    if (given.flag('roles')) {
      terminal.stdout.write(rolesSql(given.text('schema')))
      return EXIT.ok
    }
    const options: MigrateOptions = {
      schema: given.text('schema'),
      originalTimeZone: given.text('original-time-zone'),
      pruneFunctions: given.flag('prune-functions'),
    }
    // Connects to nothing, and refuses options that are none before anybody is asked.
    const { sql } = await migrate(undefined, { ...options, dryRun: true })
    if (given.flag('dry-run')) {
      terminal.stdout.write(sql)
      return EXIT.ok
    }
    const database = databaseOf(terminal)
    if (!given.flag('yes') && !(await confirmed(database, terminal))) {
      terminal.stderr.write('Nothing was changed.\n')
      return EXIT.failed
    }
    const done = await migrate(await migrationTarget(database), options)
    if (given.flag('json')) writeJson(terminal, { applied: done.applied, notices: done.notices })
    else terminal.stdout.write(report(done, options.schema, terminal))
    return EXIT.ok
  },
}

async function confirmed(database: DatabaseSettings, { ask, stderr }: Terminal): Promise<boolean> {
  if (ask === undefined)
    throw new UsageError(
      'nobody is there to be asked: give --yes, or --dry-run to see what would run',
    )
  stderr.write(question(database))
  return /^y(es)?$/i.test((await ask('Continue? [y/N] ')).trim())
}

/** What each migration brings. */
const WHAT: Readonly<Record<string, string>> = {
  '0000_tables': 'tables rc_circuit_breakers and rc_circuit_transitions',
  '0001_function': 'trigger rc_circuit_breakers_updated_at',
  '0002_execution_log':
    'columns execution_log and foreign_window, trigger rc_circuit_breakers_window',
  '0003_function': 'nothing any more',
  '0004_reporters': 'columns seen, failures, failed and alone',
  '0005_function': 'function rc_exchange_…',
}

function question(database: DatabaseSettings): string {
  const { endpoint, name, user } = placeOf(database)
  return `This creates or upgrades the circuit breakers' tables and functions in

  database  ${printable(name)}
  at        ${printable(endpoint)} (${database.driver})
  as        ${printable(user)}

`
}

/** `drizzle-kit push` of a configuration that does not know the tables takes them for leftovers. */
const KEEP =
  "Where drizzle-kit push runs in this database, its drizzle.config.ts needs tablesFilter: ['!rc_circuit_*'], or push drops these tables."

function report(
  { applied, notices }: Migrated,
  schema: string | undefined,
  { stdout, env }: Terminal,
): string {
  const paint = painter(stdout, env)
  const roles = `resilient-circuit pg-setup --roles${schema === undefined ? '' : ` --schema ${schema}`}`
  const where = schema === undefined ? '' : ` in the schema ${schema}`
  const lines = [
    applied.length === 0
      ? `${paint('green', 'Up to date')}${where}: nothing had to be done.`
      : `${paint('green', 'Done')}${where}:`,
    ...applied.map((tag) => `  ${tag}  ${WHAT[tag] ?? ''}`.trimEnd()),
    ...notices.map((notice) => `  ${printable(notice)}`),
    `The owner of the tables may do more than programs need. SQL for roles that may not: ${roles}`,
    KEEP,
  ]
  return `${lines.join('\n')}\n`
}
