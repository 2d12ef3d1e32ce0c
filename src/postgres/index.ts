/**
 * Breakers in PostgreSQL, through any Drizzle database.
 * @module
 */
export type { DrizzleDatabase } from './database.ts'
export { StorageError } from './errors.ts'
export { circuitBreakers, circuitTransitions, schema, schemaIn } from './schema.ts'
export { DrizzleStorage, type DrizzleStorageOptions } from './storage.ts'
