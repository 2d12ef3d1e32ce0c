import { fraction } from '../../core/limits.ts'
import { resolveSettings } from '../../core/settings.ts'
import type { Statement } from '../../postgres/database.ts'
import { historyStatement, removeStatement } from '../../postgres/statements/admin.ts'
import { callBlock, callFunction } from '../../postgres/statements/call.ts'
import { namesIn } from '../../postgres/statements/names.ts'
import { readStatement } from '../../postgres/statements/read.ts'
import { encodeCommand, encodeReport } from '../../postgres/wire.ts'
import type { Connection } from '../database.ts'

/** What a role may have to do. */
export type Duty = 'reads' | 'reports' | 'commands' | 'removals' | 'pruning'

/** Why something was not done: the database's own error, or {@link NOT_AS_WRITTEN}. */
export interface Refusal {
  readonly sqlState: string
  readonly message: string
}

/** What came of each duty; null where it was done. */
export type Tried = Readonly<Record<Duty, Refusal | null>>

export interface TrialOptions {
  readonly schema: string | undefined
  /** Policies of row-level security may tell namespaces apart. */
  readonly namespace: string
  /** Is the function called? Else the rule is sent along. Both as a storage does it. */
  readonly byFunction: boolean
}

/** The database did something else than it was told. The exchange raises this, too. */
export const NOT_AS_WRITTEN = 'RC001'
/** There was nothing to try it with, for what comes before it failed. */
export const NOT_TRIED = 'RC004'
/** Ends the trial, and is caught by the block that raises it. */
const UNDO = 'RC003'
/** How long it waits for whoever has locked a table. */
const LOCK_TIMEOUT_MS = 1_000

/**
 * Does what a storage and its operator do, by the storage's own statements, with a breaker that
 * nobody else has; and undoes it.
 *
 * All is done within one `do` block, which raises an exception at its end and catches it:
 * PostgreSQL then takes back whatever was done since the block began. This works alike over TCP and
 * over HTTP, where a transaction is one request, and no statement fails: over HTTP one that fails
 * costs a pooled connection.
 *
 * @throws where the block cannot run at all
 */
export async function tryDuties(connection: Connection, options: TrialOptions): Promise<Tried> {
  const names = namesIn(options.schema)
  const id = {
    resourceKey: `resilient-circuit doctor ${crypto.randomUUID()}`,
    namespace: options.namespace,
  }
  const actor = 'resilient-circuit doctor'
  const params: string[] = []
  const run = (statement: Statement, into = '') => execute(statement, into, params)
  const read = run(readStatement([id], names), 'said')
  const log = run(historyStatement(id, undefined, undefined, 1, names), 'said')
  const write = (request: object) => {
    const json = JSON.stringify([request])
    return options.byFunction
      ? `${run(callFunction(json, names), 'said')}
      answer := said::jsonb -> 0;`
      : `${callBlock(json, names)
          .map((statement, i) => run(statement, i === 2 ? 'said' : ''))
          .join('\n')}
      answer := said::jsonb -> 'answers' -> 0;`
  }
  const stored = (request: object) => `${write(request)}
      set constraints all immediate;
      ${read}
      ${compare(names.breakers, "answer -> 'snapshot'", "said::jsonb -> 'looks' -> 0 -> 'snapshot'")}
      ${log}
      ${compare(names.transitions, "answer -> 'transitions' -> 0", 'said::jsonb -> 0')}`
  const lines = `from ${names.transitions} where resource_key = args ->> ${params.push(id.resourceKey) - 1} and namespace = args ->> ${params.push(id.namespace) - 1}`

  const steps: Readonly<Record<Duty, string>> = {
    reads: `${read}\n${log}`,
    reports: stored(encodeReport({ ...id, report: FAILURE })),
    commands: stored(
      encodeCommand({
        ...id,
        command: { order: { command: 'open', cooldownMs: [60_000] }, actor, reason: null },
      }),
    ),
    removals: `${run(removeStatement({ ...id, actor, reason: null }, names), 'said')}
      set constraints all immediate;
      if said like '[0,%' then ${NOTHING_THERE} end if;
      if said <> '[1,1,1]' then ${unlike(names.breakers, "'found, deleted and logged: ' || said")} end if;`,
    pruning: `written := (select count(*) ${lines});
      delete ${lines};
      get diagnostics deleted = row_count;
      set constraints all immediate;
      if written = 0 then ${NOTHING_THERE} end if;
      if deleted <> written or exists (select ${lines}) then ${unlike(names.transitions, "'lines deleted: ' || deleted || ' of ' || written")} end if;`,
  }
  const json = Buffer.from(JSON.stringify(params)).toString('base64')
  const told = await connection.script([
    // By base64 no text of the environment's can end a literal.
    `select set_config('rc.trial', convert_from(decode('${json}', 'base64'), 'UTF8'), true)`,
    block(Object.entries(steps).map(([duty, body]) => attempt(duty, body))),
    `select current_setting('rc.trial')`,
  ])
  return JSON.parse(String(told))
}

/**
 * One failed call, which opens a breaker that had no row: an insert, an update, and a line of the
 * audit log.
 */
const FAILURE = {
  generation: 0,
  flushId: 1,
  since: null,
  outcomes: '1',
  tokens: [],
  released: [],
  retryAfterMs: null,
  trip: false,
  wouldReject: 0,
  settings: resolveSettings({ failureLimit: fraction(1, 1) }),
}

const NOTHING_THERE = `raise exception using errcode = '${NOT_TRIED}', message = 'nothing was written';`

function block(steps: readonly string[]): string {
  return `do $rc_trial$
declare
  args json := current_setting('rc.trial')::json;
  told jsonb := '{}';
  said text; answer jsonb; differing text; written bigint; deleted bigint;
begin
  begin
    perform set_config('lock_timeout', '${LOCK_TIMEOUT_MS}', true);
${steps.join('\n')}
    raise exception using errcode = '${UNDO}', message = 'undo';
  exception when sqlstate '${UNDO}' then null;
  end;
  perform set_config('rc.trial', told::text, true);
end
$rc_trial$`
}

/** A step that fails is taken back alone, and the next is tried. */
function attempt(duty: string, body: string): string {
  return `    begin
      ${body}
      told := told || '{"${duty}": null}';
    exception when others then
      told := told || jsonb_build_object('${duty}', jsonb_build_object('sqlState', sqlstate, 'message', sqlerrm));
    end;`
}

function execute({ text, params }: Statement, into: string, all: string[]): string {
  const using = params.map((value) => `args ->> ${all.push(value) - 1}`)
  return `execute $rc_sql$${text}$rc_sql$${into && ` into ${into}`}${using.length > 0 ? ` using ${using.join(', ')}` : ''};`
}

/** What was written, against what is there. A trigger that stamps `updated_at` does no harm. */
function compare(table: string, written: string, found: string): string {
  return `differing := (select string_agg(k, ', ') from jsonb_object_keys(${written}) k
        where k <> 'updated_at' and ${written} -> k is distinct from ${found} -> k);
      if jsonb_typeof(${found}) is distinct from 'object' then ${unlike(table, "'the row is not there'")}
      elsif differing is not null then ${unlike(table, "'other values in ' || differing")} end if;`
}

function unlike(table: string, what: string): string {
  return `raise exception using errcode = '${NOT_AS_WRITTEN}', message = 'a row of ${table} is not as it was written: ' || ${what};`
}
