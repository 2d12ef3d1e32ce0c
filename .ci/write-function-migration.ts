/** Writes the migration that installs the function, from the body that the tables-only form sends, and its name. Run it after each change of the body. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { CREATE_FUNCTION, NAME_BY_TEXT } from '../src/postgres/statements/function.ts'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** The migration's text, which the file must hold. */
export const functionMigration = `-- Written by .ci/write-function-migration.ts: do not edit.
--
-- The exchange as a function, whose plans stay cached. Without it the library sends the same body with each request.
${CREATE_FUNCTION};
`

/** The text of the file that names it. */
export const functionName = `// Written by .ci/write-function-migration.ts: do not edit.

/** The installed function's name ends in a hash of its text, so that in a rolling deploy nobody calls another version's. */
export const FUNCTION_NAME = '${NAME_BY_TEXT}'
`

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(at('../drizzle/0005_function.sql'), functionMigration)
  writeFileSync(at('../src/postgres/statements/function-name.ts'), functionName)
}
