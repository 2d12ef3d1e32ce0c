import pg from 'pg'

const LOAD =
  'SELECT state, failure_count, open_until FROM rc_circuit_breakers WHERE resource_key = $1 AND namespace = $2 FOR UPDATE'
export const SAVE = `INSERT INTO rc_circuit_breakers (resource_key, namespace, state, failure_count, open_until) VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (resource_key, namespace) DO UPDATE SET state = EXCLUDED.state, failure_count = EXCLUDED.failure_count,
    open_until = EXCLUDED.open_until, updated_at = CURRENT_TIMESTAMP`

/** The Python library's statements for one outcome, if it loaded before it saves, so that two processes see each other. */
export async function loadAndSave(
  run: (text: string, values?: (string | null)[]) => Promise<unknown>,
  resourceKey: string,
  failures: number,
): Promise<void> {
  await run('BEGIN')
  await run(LOAD, [resourceKey, 'default'])
  await run(SAVE, [resourceKey, 'default', 'CLOSED', String(failures), null])
  await run('COMMIT')
}

/** Its protocol: one connection for each outcome. */
export async function connectLoadAndSave(url: string, resourceKey: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    await loadAndSave((text, values) => client.query(text, values), resourceKey, 0)
  } finally {
    await client.end()
  }
}
