/** Runs one part of the benchmark: `run-part.ts <part> [--quick]`. */
import { keep, type PartOptions, type PartResult } from './result.ts'
import { markdown } from './table.ts'

const [part, ...flags] = process.argv.slice(2)
const quick = flags.includes('--quick')
const { run }: { run(options: PartOptions): Promise<PartResult> } = await import(
  `../${part}/index.ts`
)
const result = await run({ quick })
for (const table of result.tables) console.log(`\n${markdown(table)}`)
if (!quick) await keep(part!, result)
// Contenders may hold timers and sockets that would keep the process.
process.exit(0)
