import { type ColumnDataType, sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  check,
  customType,
  doublePrecision,
  index,
  integer,
  jsonb,
  type PgColumn,
  type PgSchema,
  type PgTableFn,
  type PgTableWithColumns,
  pgSchema,
  pgTable,
  primaryKey,
  text,
  timestamp,
} from 'drizzle-orm/pg-core'
import type { Settings } from '../core/settings.ts'
import { namesIn } from './statements/names.ts'

/** Bits, oldest first. By PostgreSQL's own name for `varbit`: `drizzle-kit push` would take any other for a change of type. */
const varbit = customType<{ data: string }>({ dataType: () => 'bit varying' })
const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })
const count = (name: string) => bigint(name, { mode: 'number' })

interface BreakerRow {
  resourceKey: string
  namespace: string
  state: string
  failureCount: number
  openUntil: Date | null
  createdAt: Date
  updatedAt: Date
  executionLog: boolean[] | null
  foreignWindow: boolean
  ownState: string
  ownOpenUntil: Date | null
  cooldownMs: number
  generation: number
  previousGeneration: number
  version: number
  log: string
  opens: number
  cause: string | null
  leases: number[]
  leaseMs: number
  bucket: number
  bucketMs: number
  bucketSuccesses: number[]
  bucketFailures: number[]
  override: string | null
  overrideUntil: Date | null
  overrideMs: number | null
  overrideActor: string | null
  overrideReason: string | null
  wouldReject: number
  settings: Settings | null
  flushIds: number[]
  seen: number[]
  seenAt: number[]
  failures: number
  failed: number[]
  failedNth: number[]
  alone: number[]
  aloneUntil: number[]
  callsBucket: number
  callsMs: number
  calls: number[]
  tells: number[]
  callsFirst: number
  accountedAt: number
  recentlyFailed: number
  credit: number
}

interface TransitionRow {
  id: number
  resourceKey: string
  namespace: string
  generation: number
  fromState: string
  toState: string
  cause: string
  actor: string | null
  reason: string | null
  at: Date
  flushId: number | null
}

/** A table by what its rows hold; what may be null is not `notNull`. */
type TableOf<Name extends string, Schema extends string | undefined, Row> = PgTableWithColumns<{
  name: Name
  schema: Schema
  dialect: 'pg'
  columns: {
    [Column in keyof Row & string]: PgColumn<{
      name: string
      tableName: Name
      dataType: ColumnDataType
      columnType: string
      data: NonNullable<Row[Column]>
      driverParam: unknown
      notNull: null extends Row[Column] ? false : true
      hasDefault: boolean
      isPrimaryKey: boolean
      isAutoincrement: boolean
      hasRuntimeDefault: boolean
      enumValues: [string, ...string[]] | undefined
    }>
  }
}>

/** The tables, in a schema or wherever the connection's search path has them. */
export interface Tables<Schema extends string | undefined> {
  readonly circuitBreakers: TableOf<'rc_circuit_breakers', Schema, BreakerRow>
  readonly circuitTransitions: TableOf<'rc_circuit_transitions', Schema, TransitionRow>
}

/** The tables in a schema, and the schema itself. */
export interface TablesInSchema<Name extends string> extends Tables<Name> {
  readonly circuitSchema: PgSchema<Name>
}

const tables = <Schema extends string | undefined>(table: PgTableFn<Schema>): Tables<Schema> => ({
  /**
   * One row a breaker. The first eight columns are the Python library's, with its names and meaning, so that both can share the table.
   * No secondary index stands on a column that the hot path changes: each update stays within its page (HOT).
   */
  circuitBreakers: table(
    'rc_circuit_breakers',
    {
      resourceKey: text('resource_key').notNull(),
      namespace: text('namespace').notNull().default('default'),
      state: text('state').notNull().default('CLOSED'),
      /** Failures within the last reporter's window. */
      failureCount: integer('failure_count').notNull().default(0),
      /** When the cooldown ends; null unless `OPEN`. */
      openUntil: instant('open_until'),
      createdAt: instant('created_at').notNull().defaultNow(),
      updatedAt: instant('updated_at').notNull().defaultNow(),
      /**
       * The window of the Python library's processes since 0.6; true is a success. Whoever reads the row loads it, so each transition
       * of ours empties it. Our own window is `log`.
       */
      executionLog: jsonb('execution_log').$type<boolean[]>().default([]),

      /** True where another program wrote `execution_log` since our last write. A trigger of the migrations sets it. */
      foreignWindow: boolean('foreign_window').notNull().default(false),
      /** What we last wrote to `state` and `open_until`: a difference is another program's write. */
      ownState: text('own_state').notNull().default('CLOSED'),
      ownOpenUntil: instant('own_open_until'),
      /** How long the cooldown was given for, in milliseconds. */
      cooldownMs: count('cooldown_ms').notNull().default(0),
      generation: count('generation').notNull().default(0),
      previousGeneration: count('previous_generation').notNull().default(0),
      version: count('version').notNull().default(0),
      /** The newest outcomes of this generation; 1 is a failure. */
      log: varbit('log').notNull().default(''),
      opens: integer('opens').notNull().default(0),
      cause: text('cause'),
      /** Probes out: the end of each lease in microseconds since 1970, which is its token. */
      leases: bigint('leases', { mode: 'number' }).array().notNull().default(sql`'{}'`),
      leaseMs: count('lease_ms').notNull().default(0),
      /** The time window: number and width of its newest bucket, and the counts, newest last. */
      bucket: count('bucket').notNull().default(0),
      bucketMs: count('bucket_ms').notNull().default(0),
      bucketSuccesses: integer('bucket_successes').array().notNull().default(sql`'{}'`),
      bucketFailures: integer('bucket_failures').array().notNull().default(sql`'{}'`),
      override: text('override'),
      overrideUntil: instant('override_until'),
      overrideMs: count('override_ms'),
      overrideActor: text('override_actor'),
      overrideReason: text('override_reason'),
      wouldReject: count('would_reject').notNull().default(0),
      /** What the last reporter asked for. */
      settings: jsonb('settings').$type<Settings>(),
      /** The newest flush ids, newest first. 4 bytes each: wider ones push the row out of line, at half the throughput. */
      flushIds: integer('flush_ids').array().notNull().default(sql`'{}'`),
      /** The isolates that were last heard of, and when, in milliseconds since 1970; newest first. */
      seen: integer('seen').array().notNull().default(sql`'{}'`),
      seenAt: bigint('seen_at', { mode: 'number' }).array().notNull().default(sql`'{}'`),
      /** Failures of this generation, whose the newest are, and the number of the newest one of each. */
      failures: count('failures').notNull().default(0),
      failed: integer('failed').array().notNull().default(sql`'{}'`),
      failedNth: bigint('failed_nth', { mode: 'number' }).array().notNull().default(sql`'{}'`),
      /** The isolates that fail alone, and until when their word stands. */
      alone: integer('alone').array().notNull().default(sql`'{}'`),
      aloneUntil: bigint('alone_until', { mode: 'number' }).array().notNull().default(sql`'{}'`),
      /** The fleet's calls by the time in which they were made, and how many isolates told of them, newest last; number and width of the newest. */
      callsBucket: count('calls_bucket').notNull().default(0),
      callsMs: count('calls_ms').notNull().default(0),
      calls: doublePrecision('calls').array().notNull().default(sql`'{}'`),
      tells: doublePrecision('tells').array().notNull().default(sql`'{}'`),
      /** The first of these of which all was counted. */
      callsFirst: count('calls_first').notNull().default(0),
      /** Up to when successes are inferred, the failures told lately, and the part of a success that is left. */
      accountedAt: count('accounted_at').notNull().default(0),
      recentlyFailed: doublePrecision('recently_failed').notNull().default(0),
      credit: doublePrecision('credit').notNull().default(0),
    },
    (table) => [
      primaryKey({
        name: 'rc_circuit_breakers_pkey',
        columns: [table.resourceKey, table.namespace],
      }),
      check('rc_circuit_breakers_state', sql`${table.state} in ('CLOSED', 'OPEN', 'HALF_OPEN')`),
      check(
        'rc_circuit_breakers_override',
        sql`${table.override} in ('FORCED_OPEN', 'DISABLED', 'METRICS_ONLY')`,
      ),
    ],
  ),

  /** The audit log: one line for each transition and each operator's command, written by the statement that made it. Append-only. */
  circuitTransitions: table(
    'rc_circuit_transitions',
    {
      id: bigint('id', { mode: 'number' }).generatedAlwaysAsIdentity().primaryKey(),
      resourceKey: text('resource_key').notNull(),
      namespace: text('namespace').notNull(),
      generation: count('generation').notNull(),
      fromState: text('from_state').notNull(),
      toState: text('to_state').notNull(),
      cause: text('cause').notNull(),
      actor: text('actor'),
      reason: text('reason'),
      at: instant('at').notNull(),
      /** The report that made it, so that a repeat of that report learns so. */
      flushId: integer('flush_id'),
    },
    (table) => [
      index('rc_circuit_transitions_key').on(table.resourceKey, table.namespace, table.id),
      index('rc_circuit_transitions_at').on(table.at),
    ],
  ),
})

/**
 * The tables within a schema of the user's, for `new DrizzleStorage(db, { schema: name })` and `migrate(target, { schema: name })`.
 * Export all three: without `circuitSchema` drizzle-kit does not create the schema.
 *
 * @throws {InvalidOptionError} where `name` is no plain name
 * @example
 * ```ts
 * export const { circuitSchema, circuitBreakers, circuitTransitions } = schemaIn('breakers')
 * ```
 */
export function schemaIn<Name extends string>(name: Name): TablesInSchema<Name> {
  namesIn(name)
  const circuitSchema = pgSchema(name)
  return { circuitSchema, ...tables(circuitSchema.table) }
}

/** The tables, wherever the connection's search path has them. */
export const schema: Tables<undefined> = tables(pgTable)
/** For an application to re-export from its own schema file. */
export const circuitBreakers: Tables<undefined>['circuitBreakers'] = schema.circuitBreakers
/** For an application to re-export from its own schema file. */
export const circuitTransitions: Tables<undefined>['circuitTransitions'] = schema.circuitTransitions
