import pg from 'pg'

const LOAD =
  'SELECT state, failure_count, open_until FROM rc_circuit_breakers WHERE resource_key = $1 AND namespace = $2 FOR UPDATE'
export const SAVE = `INSERT INTO rc_circuit_breakers (resource_key, namespace, state, failure_count, open_until) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (resource_key, namespace) DO UPDATE SET state = EXCLUDED.state, failure_count = EXCLUDED.failure_count,
    open_until = EXCLUDED.open_until, updated_at = CURRENT_TIMESTAMP`

/** The Python library's statements for one outcome, if it loaded before it saves, so that two processes see each other. */
export async function loadAndSave(
  client: pg.Client,
  resourceKey: string,
  failures: number,
): Promise<void> {
  await client.query('BEGIN')
  await client.query(LOAD, [resourceKey, 'default'])
  await client.query(SAVE, [resourceKey, 'default', 'CLOSED', failures, null])
  await client.query('COMMIT')
}

/** Its protocol: one connection for each outcome. */
export async function connectLoadAndSave(
  url: string,
  resourceKey: string,
  failures: number,
): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await loadAndSave(client, resourceKey, failures)
  } finally {
    await client.end()
  }
}
