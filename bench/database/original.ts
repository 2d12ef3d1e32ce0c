import pg from 'pg'
import { type Commit, commitOption } from './connections.ts'

const LOAD =
  'SELECT state, failure_count, open_until FROM rc_circuit_breakers WHERE resource_key = $1 AND namespace = $2 FOR UPDATE'
const SAVE = `INSERT INTO rc_circuit_breakers (resource_key, namespace, state, failure_count, open_until) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (resource_key, namespace) DO UPDATE SET state = EXCLUDED.state, failure_count = EXCLUDED.failure_count,
    open_until = EXCLUDED.open_until, updated_at = CURRENT_TIMESTAMP`

/** `save` is what a process of the Python library does after each call; with `load` before it, two processes would see each other. */
export type Protocol = 'load and save' | 'save'

/** The Python library's statements for one outcome, in one transaction. */
export async function record(
  client: pg.Client,
  protocol: Protocol,
  resourceKey: string,
  failures: number,
): Promise<void> {
  await client.query('BEGIN')
  if (protocol === 'load and save') await client.query(LOAD, [resourceKey, 'default'])
  await client.query(SAVE, [resourceKey, 'default', 'CLOSED', failures, null])
  await client.query('COMMIT')
}

/** Its protocol: one connection for each outcome. */
export async function connectAndRecord(
  url: string,
  commit: Commit,
  protocol: Protocol,
  resourceKey: string,
  failures: number,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, options: commitOption(commit) })
  await client.connect()
  try {
    await record(client, protocol, resourceKey, failures)
  } finally {
    await client.end()
  }
}
