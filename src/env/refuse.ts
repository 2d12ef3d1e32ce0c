import type { InvalidOptionError } from '../core/errors.ts'

/** Makes the error about one part of what names a database, by libpq's name for that part. */
export type Refuse = (part: string, expected: string, value: unknown) => InvalidOptionError
