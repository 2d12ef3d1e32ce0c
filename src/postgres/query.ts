import type { Database, Statement } from './database.ts'
import { StorageError } from './errors.ts'

/** What the last statement says, which each of ours says as one JSON text: no driver reads that in a way of its own. */
export async function query(
  database: Database,
  statements: readonly Statement[],
  signal?: AbortSignal,
): Promise<unknown> {
  const answer = await database.run(statements, signal)
  if (typeof answer === 'string') return JSON.parse(answer)
  throw new StorageError('STORAGE_FAILED', 'the database gave no answer', undefined)
}
