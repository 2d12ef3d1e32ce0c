import { defineConfig } from 'drizzle-kit'

/**
 * For a database of its own, never an application's: `drizzle-kit push` makes a database look like this schema. The filter spares
 * foreign tables and views, but sequences and enums that are not ours it would drop, with `--force` unasked.
 *
 * In an application's database run `resilient-circuit pg-setup` (or `migrate` of `resilient-circuit/migrate`), or let its own schema
 * file re-export ours: `export { circuitBreakers, circuitTransitions } from 'resilient-circuit/postgres'`. A table of the Python library
 * is upgraded by migrations only.
 */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/postgres/schema.ts',
  out: './drizzle',
  tablesFilter: ['rc_circuit_*'],
  dbCredentials: { url: process.env['DATABASE_URL'] ?? '' },
})
