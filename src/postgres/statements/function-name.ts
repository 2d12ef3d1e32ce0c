// Written by .ci/write-function-migration.ts: do not edit.

/** The installed function's name ends in a hash of its text, so that in a rolling deploy nobody calls another version's. */
export const FUNCTION_NAME = 'rc_exchange_ae017619'
