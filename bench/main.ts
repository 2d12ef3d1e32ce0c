/**
 * `npm run bench -- [part…] [--quick]`: runs the parts one after the other, each in a process of its own, prints their tables, and
 * keeps them and their pictures in `bench/results/`. `--quick` is a small run that shows whether all of it works, and keeps nothing.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** What each needs of Node, beside tsx. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  'in-process': ['--expose-gc'],
  wire: [],
  database: [],
  fleet: [],
  'start-up': [],
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((part) => !(part in PARTS))
if (unknown.length > 0)
  throw new Error(`no part ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}`)

for (const part of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
  console.log(`\n## ${part}`)
  const runner = fileURLToPath(new URL('support/run-part.ts', import.meta.url))
  const args = [
    ...PARTS[part]!,
    '--import',
    'tsx',
    runner,
    part,
    ...(values.quick ? ['--quick'] : []),
  ]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
