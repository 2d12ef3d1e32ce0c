/** Runs one part of the benchmark: `run-part.ts <part> [--only section] [--quick]`. */
import { parseArgs } from 'node:util'
import { keep, type PartOptions, type PartResult } from './result.ts'
import { markdown } from './table.ts'

/** What the `index.ts` of a part exports. */
interface Part {
  readonly sections?: readonly string[]
  run(options: PartOptions): Promise<PartResult>
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const { quick, only } = values
const name = positionals[0]!
const { run, sections = [] }: Part = await import(`../${name}/index.ts`)
if (only !== undefined && !sections.includes(only))
  throw new Error(`no section ${only} of ${name}; there are ${sections.join(', ') || 'none'}`)
const result = await run({ quick, ...(only !== undefined && { only }) })
console.log(
  `\n${Object.entries({ node: process.version, ...result.versions })
    .map((version) => version.join(' '))
    .join(', ')}`,
)
for (const table of result.tables) console.log(`\n${markdown(table)}`)
if (!quick && only === undefined) await keep(name, result)
// Contenders may hold timers and sockets that would keep the process.
process.exit(0)
