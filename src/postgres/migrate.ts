/**
 * Creates the tables and the function, or brings them up to date. For deployments and servers: it reads the SQL files that come
 * with this package.
 * @module
 */
import { checkKnown } from '../core/checks.ts'
import { InvalidOptionError } from '../core/errors.ts'
import { asStorageError } from './errors.ts'
import { migrationScript, ZONE_IS_TOO_LATE } from './migration-script.ts'
import { type MigrationTarget, runScript } from './migration-target.ts'
import { namesIn } from './statements/names.ts'

export { StorageError } from './errors.ts'
export type { MigrationTarget }

const TOO_LATE =
  "left out where open_until has a time zone already: a process of the Python library since 0.5 has read the times in the server's zone, and which of them were wrong cannot be told. Look at the open breakers with the command status, and reset those that are open for too long"

/** Options of {@link migrate}. */
export interface MigrateOptions {
  /** A schema for the tables, created where it is missing. Default: the first of the connection's search path. */
  readonly schema?: string | undefined
  /**
   * The IANA time zone, such as `Asia/Tokyo`, of the Python library's processes: its runtime kept local times without their zone,
   * which an upgrade reads in this one. Default: the connection's. Refused where a process of that library since 0.5 was there first: it
   * has given the times a zone already.
   */
  readonly originalTimeZone?: string | undefined
  /** Connects to nothing, and only returns the SQL. Default false. */
  readonly dryRun?: boolean | undefined
  /** Drops the functions of other versions of this package. Not while any of them still runs. Default false. */
  readonly pruneFunctions?: boolean | undefined
}

/** What {@link migrate} did. */
export interface Migrated {
  /** The migrations that ran, by the names of their files; empty where all was up to date. */
  readonly applied: readonly string[]
  /** What else is worth telling a person, such as that a table of the Python library was upgraded. */
  readonly notices: readonly string[]
  /** The SQL that ran, or with `dryRun` would run. */
  readonly sql: string
}

/**
 * Runs the migrations in one transaction, which waits for whoever else is at it. Its journal is `drizzle-kit migrate`'s, so the two
 * can alternate; with `schema`, it is a table of that schema. A table of the Python library is upgraded in place, keeping every row.
 *
 * @param target - a Postgres URL (needs `pg`), or a connection: see {@link MigrationTarget}
 * @throws {InvalidOptionError} where the URL or an option is out of its range, or `originalTimeZone` comes too late; then nothing was
 * changed
 * @throws {StorageError} `DATABASE_MISSING`, `ACCESS_DENIED`, `NOT_ALLOWED` or `STORAGE_FAILED`; then nothing was changed
 * @example
 * ```ts
 * const { applied } = await migrate(process.env.DATABASE_URL)
 * ```
 */
export async function migrate(
  target: MigrationTarget | undefined,
  options: MigrateOptions = {},
): Promise<Migrated> {
  checkKnown(options, { schema: 1, originalTimeZone: 1, dryRun: 1, pruneFunctions: 1 })
  const { schema } = namesIn(options.schema)
  const timeZone =
    options.originalTimeZone === undefined ? undefined : checkedTimeZone(options.originalTimeZone)
  const statements = migrationScript({
    schema,
    timeZone,
    pruneFunctions: options.pruneFunctions === true,
  })
  const sql = statements.map((statement) => `${statement};\n`).join('\n')
  if (options.dryRun) return { applied: [], notices: [], sql: `begin;\n\n${sql}\ncommit;\n` }
  const run = runScript(target)
  try {
    const told = await run(statements)
    const { applied, notices } = typeof told === 'string' ? JSON.parse(told) : {}
    return { applied: lines(applied), notices: lines(notices), sql }
  } catch (error) {
    const failure = asStorageError(error)
    if (failure.sqlState !== ZONE_IS_TOO_LATE) throw failure
    throw new InvalidOptionError('originalTimeZone', TOO_LATE, timeZone)
  }
}

function lines(value: unknown): readonly string[] {
  return typeof value === 'string' ? value.split('\n').filter((line) => line !== '') : []
}

/** Offsets are left out: PostgreSQL reads `+09` as west of Greenwich. So are abbreviations, of which the two keep different lists. */
function checkedTimeZone(value: string): string {
  try {
    if (!/^(UTC|[A-Za-z_]+(\/[A-Za-z0-9_+-]+)+)$/.test(value)) throw new RangeError()
    new Intl.DateTimeFormat('en', { timeZone: value })
    return value
  } catch {
    throw new InvalidOptionError(
      'originalTimeZone',
      "an IANA time zone, such as 'Asia/Tokyo'",
      value,
    )
  }
}
