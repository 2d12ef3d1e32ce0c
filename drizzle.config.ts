import { defineConfig } from 'drizzle-kit'

/**
 * For a database of its own: `drizzle-kit push` makes it look like this schema, and drops what it does not know. In an application's
 * database, re-export `resilient-circuit/postgres/schema` from the application's own schema file, or use `resilient-circuit pg-setup`.
 */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/postgres/schema.ts',
  out: './drizzle',
  tablesFilter: ['rc_circuit_*'],
  dbCredentials: { url: process.env['DATABASE_URL'] ?? '' },
})
