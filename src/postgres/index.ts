/**
 * Breakers in PostgreSQL, through any Drizzle database.
 * @module
 */
export type { DrizzleDatabase } from './drizzle-database.ts'
export { StorageError } from './errors.ts'
export type { PostgresNotice, PostgresStorageOptions } from './options.ts'
export { PostgresStorage } from './postgres-storage.ts'
export { circuitBreakers, circuitTransitions, schema, schemaIn } from './schema.ts'
export { DrizzleStorage, type DrizzleStorageOptions } from './storage.ts'
