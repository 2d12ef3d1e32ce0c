/**
 * `npm run bench -- [part…] [--only section] [--quick]`: runs the parts one after the other, each in a process of its own, prints their
 * tables, and keeps them and their pictures in `bench/results/`. `--quick` is a small run that shows whether all of it works, and
 * `--only` measures a section of one part. Neither keeps anything.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { keep, type PartOptions, type PartResult } from './support/result.ts'
import { markdown } from './support/table.ts'

/** What the `index.ts` of a part exports. */
interface Part {
  readonly sections?: readonly string[]
  run(options: PartOptions): Promise<PartResult>
}

const PARTS: readonly string[] = ['in-process', 'wire', 'database', 'fleet', 'start-up']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const { quick, only } = values
const unknown = positionals.filter((part) => !PARTS.includes(part))
if (unknown.length > 0)
  throw new Error(`no part ${unknown.join(', ')}; there are ${PARTS.join(', ')}`)
if (only !== undefined && positionals.length !== 1)
  throw new Error('--only needs the one part that it is a section of')

if (positionals.length === 1) {
  await runPart(positionals[0]!)
  // Contenders may hold timers and sockets that would keep the process.
  process.exit(0)
}
for (const part of positionals.length > 0 ? positionals : PARTS) {
  const args = [...process.execArgv, fileURLToPath(import.meta.url), part]
  const { status } = spawnSync(process.execPath, quick ? [...args, '--quick'] : args, {
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

async function runPart(name: string): Promise<void> {
  console.log(`\n## ${name}`)
  const { run, sections = [] }: Part = await import(`./${name}/index.ts`)
  if (only !== undefined && !sections.includes(only))
    throw new Error(`no section ${only} of ${name}; there are ${sections.join(', ') || 'none'}`)
  const found = await run({ quick, ...(only !== undefined && { only }) })
  const result = { ...found, versions: { node: process.version.slice(1), ...found.versions } }
  const versions = Object.entries(result.versions).map((version) => version.join(' '))
  console.log(`\n${versions.join(', ')}`)
  for (const table of result.tables) console.log(`\n${markdown(table)}`)
  if (!quick && only === undefined) await keep(name, result)
}
