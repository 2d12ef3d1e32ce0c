import pg from 'pg'

/** The table as the Python library's runtime makes it. */
const RUNTIME_TABLE = `
  create table rc_circuit_breakers (
    resource_key varchar(255) not null, state varchar(50) not null, failure_count integer not null default 0, open_until timestamp,
    created_at timestamp default current_timestamp, updated_at timestamp default current_timestamp,
    namespace varchar(255) not null default 'default', primary key (resource_key, namespace));`

/** What its runtime makes at each start. */
const RUNTIME_INDEXES = `
  create index if not exists idx_rc_circuit_breakers_state on rc_circuit_breakers (state);
  create index if not exists idx_rc_circuit_breakers_namespace on rc_circuit_breakers (namespace);
  create index if not exists idx_rc_circuit_breakers_key_namespace on rc_circuit_breakers (resource_key, namespace);`

/** What its command line makes. Safe to run again. */
const CLI_SCHEMA = `
  create table if not exists rc_circuit_breakers (
    resource_key varchar(255) not null, state varchar(20) not null check (state in ('CLOSED', 'OPEN', 'HALF_OPEN')),
    failure_count integer not null default 0 check (failure_count >= 0 and failure_count <= 2147483647), open_until timestamptz,
    created_at timestamptz not null default now(), updated_at timestamptz not null default now(), primary key (resource_key));
  create index if not exists idx_rc_circuit_breakers_state on rc_circuit_breakers (state);
  create index if not exists idx_rc_circuit_breakers_open_until on rc_circuit_breakers (open_until) where open_until is not null;
  create index if not exists idx_rc_circuit_breakers_key_state on rc_circuit_breakers (resource_key, state);
  create index if not exists idx_rc_circuit_breakers_state_updated on rc_circuit_breakers (state, updated_at desc);
  create or replace function update_rc_circuit_breakers_updated_at_column() returns trigger as
    $$ begin new.updated_at = now(); return new; end $$ language plpgsql set search_path = public;
  drop trigger if exists update_rc_circuit_breakers_updated_at on rc_circuit_breakers;
  create trigger update_rc_circuit_breakers_updated_at before update on rc_circuit_breakers for each row
    when (old is distinct from new) execute function update_rc_circuit_breakers_updated_at_column();
  comment on table rc_circuit_breakers is 'Circuit breaker state storage';`

/** What its runtime does at its first start on a table that its command line made. */
const NAMESPACE = `
  alter table rc_circuit_breakers drop constraint if exists rc_circuit_breakers_pkey;
  alter table rc_circuit_breakers add column if not exists namespace varchar(255) not null default 'default';
  alter table rc_circuit_breakers add primary key (resource_key, namespace);`

export const ORIGINAL_SCHEMAS = {
  'its runtime': RUNTIME_TABLE + RUNTIME_INDEXES,
  'its command line': CLI_SCHEMA,
  'its command line, then its runtime': CLI_SCHEMA + NAMESPACE + RUNTIME_INDEXES,
} as const
export { CLI_SCHEMA }

export interface OriginalState {
  readonly state: string
  readonly failureCount: number
  /** Milliseconds, or null. */
  readonly openUntil: number | null
}

/** A process of the Python library, by its exact statements: a connection of its own for each, and local time without its zone. */
export class Original {
  readonly #url: string
  readonly #timeZone: string
  readonly #namespace: string

  constructor(url: string, timeZone = 'UTC', namespace = 'default') {
    this.#url = url
    this.#timeZone = timeZone
    this.#namespace = namespace
  }

  /** What it does at its start, once for all its breakers. */
  async start(): Promise<void> {
    await this.#run(RUNTIME_INDEXES)
  }

  /** What a new breaker of it starts from. */
  async load(resourceKey: string): Promise<OriginalState | null> {
    const { rows } = await this.#run(
      'SELECT state, failure_count, open_until FROM rc_circuit_breakers WHERE resource_key = $1 AND namespace = $2 FOR UPDATE',
      [resourceKey, this.#namespace],
    )
    if (rows.length === 0) return null
    return {
      state: rows[0].state,
      failureCount: rows[0].failure_count,
      openUntil: rows[0].open_until?.getTime() ?? null,
    }
  }

  /** What it does after each call, whatever the row says by then. */
  async save(
    resourceKey: string,
    { state, failureCount, openUntil }: OriginalState,
  ): Promise<void> {
    await this.#run(
      `INSERT INTO rc_circuit_breakers (resource_key, namespace, state, failure_count, open_until) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (resource_key, namespace) DO UPDATE SET state = EXCLUDED.state, failure_count = EXCLUDED.failure_count,
         open_until = EXCLUDED.open_until, updated_at = CURRENT_TIMESTAMP`,
      [
        resourceKey,
        this.#namespace,
        state,
        failureCount,
        openUntil === null ? null : localTime(openUntil, this.#timeZone),
      ],
    )
  }

  async #run(text: string, values?: readonly unknown[]): Promise<pg.QueryResult> {
    const client = new pg.Client(this.#url)
    await client.connect()
    try {
      return values ? await client.query(text, [...values]) : await client.query(text)
    } finally {
      await client.end()
    }
  }
}

export interface LaterState extends OriginalState {
  /** The window of the process, oldest first; true is a success. */
  readonly log: readonly boolean[] | null
}

/** A process of 0.7: an instant with its zone, the window beside it, and a write that leaves an unexpired open alone. */
export class LaterOriginal {
  readonly #url: string
  readonly #namespace: string

  constructor(url: string, namespace = 'default') {
    this.#url = url
    this.#namespace = namespace
  }

  async load(resourceKey: string): Promise<LaterState | null> {
    const { rows } = await this.#run(
      'SELECT state, failure_count, open_until, execution_log FROM rc_circuit_breakers WHERE resource_key = $1 AND namespace = $2',
      [resourceKey, this.#namespace],
    )
    if (rows.length === 0) return null
    return {
      state: rows[0].state,
      failureCount: rows[0].failure_count,
      openUntil: rows[0].open_until?.getTime() ?? null,
      log: rows[0].execution_log,
    }
  }

  /** What it does after each call. Answers whether it wrote. */
  async save(resourceKey: string, state: LaterState, clock: number = Date.now()): Promise<boolean> {
    const { rowCount } = await this.#run(
      `${UPSERT} WHERE NOT (rc_circuit_breakers.state = 'OPEN' AND rc_circuit_breakers.open_until > $7)`,
      [...this.#values(resourceKey, state), new Date(clock)],
    )
    return rowCount === 1
  }

  /** What an operator calls to force a state, whatever the row says. */
  async update(resourceKey: string, state: LaterState): Promise<void> {
    await this.#within(async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [
        `${this.#namespace}|${resourceKey}`,
      ])
      await client.query(
        'SELECT state FROM rc_circuit_breakers WHERE resource_key = $1 AND namespace = $2 FOR UPDATE',
        [resourceKey, this.#namespace],
      )
      return client.query(UPSERT, this.#values(resourceKey, state))
    })
  }

  /** Answers whether there was a row. */
  async delete(resourceKey: string): Promise<boolean> {
    const { rowCount } = await this.#run(
      'DELETE FROM rc_circuit_breakers WHERE resource_key = $1 AND namespace = $2',
      [resourceKey, this.#namespace],
    )
    return rowCount === 1
  }

  #values(resourceKey: string, { state, failureCount, openUntil, log }: LaterState): unknown[] {
    const until = openUntil === null ? null : new Date(openUntil)
    const window = log === null ? null : JSON.stringify(log)
    return [resourceKey, this.#namespace, state, failureCount, until, window]
  }

  #run(text: string, values: unknown[]): Promise<pg.QueryResult> {
    return this.#within((client) => client.query(text, values))
  }

  async #within(work: (client: pg.Client) => Promise<pg.QueryResult>): Promise<pg.QueryResult> {
    const client = new pg.Client(this.#url)
    await client.connect()
    try {
      await client.query('BEGIN')
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } finally {
      await client.end()
    }
  }
}

const UPSERT = `INSERT INTO rc_circuit_breakers (resource_key, namespace, state, failure_count, open_until, execution_log)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (resource_key, namespace) DO UPDATE SET state = EXCLUDED.state, failure_count = EXCLUDED.failure_count,
    open_until = EXCLUDED.open_until, execution_log = EXCLUDED.execution_log, updated_at = CURRENT_TIMESTAMP`

/** `YYYY-MM-DD HH:MM:SS` in the zone of the process. */
export function localTime(instant: number, timeZone: string): string {
  return new Date(instant).toLocaleString('sv-SE', { timeZone })
}
