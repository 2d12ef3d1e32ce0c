import { drizzle } from 'drizzle-orm/node-postgres'
import type pg from 'pg'
import type { Database } from './database.ts'
import { overDrizzle } from './drizzle-database.ts'
import { asStorageError } from './errors.ts'

/** Runs statements through Drizzle on a connection of the pool. A call that is given up gives up its connection as well. */
export function overPool(pool: pg.Pool): Database {
  return {
    async run(statements, signal) {
      const client = await pool.connect()
      // Who waited for the connection may have gone meanwhile.
      if (signal?.aborted) client.release()
      signal?.throwIfAborted()
      // Nobody waits any longer for what runs on it; to be cut is what ends it.
      const cut = () => client.release(true)
      signal?.addEventListener('abort', cut, { once: true })
      let reusable = false
      try {
        const answer = await overDrizzle(drizzle({ client })).run(statements, signal)
        reusable = true
        return answer
      } catch (error) {
        // The database's own refusal leaves the connection as good as it was.
        reusable = asStorageError(error).sqlState !== undefined
        throw error
      } finally {
        signal?.removeEventListener('abort', cut)
        if (!signal?.aborted) client.release(!reusable)
      }
    },
  }
}

const outlived = new WeakSet<pg.Pool>()
const ignore = () => {}

/** An idle connection's error goes to the pool, that of one lent out to the connection itself; without a listener either ends the process. */
export function outlive(pool: pg.Pool): void {
  if (outlived.has(pool)) return
  outlived.add(pool)
  pool.on('error', ignore)
  pool.on('connect', (client) => client.on('error', ignore))
}
