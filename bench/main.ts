/**
 * `npm run bench -- [part…] [--only section] [--quick]`: runs the parts one after the other, each in a process of its own, prints their
 * tables, and keeps them and their pictures in `bench/results/`. `--quick` is a small run that shows whether all of it works, and
 * `--only` measures a section of one part. Neither keeps anything.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const PARTS: readonly string[] = ['in-process', 'wire', 'database', 'fleet', 'start-up']

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
})
const unknown = positionals.filter((part) => !PARTS.includes(part))
if (unknown.length > 0)
  throw new Error(`no part ${unknown.join(', ')}; there are ${PARTS.join(', ')}`)
if (values.only !== undefined && positionals.length !== 1)
  throw new Error('--only needs the one part that it is a section of')

for (const part of positionals.length > 0 ? positionals : PARTS) {
  console.log(`\n## ${part}`)
  const runner = fileURLToPath(new URL('support/run-part.ts', import.meta.url))
  const args = [
    '--import',
    'tsx',
    runner,
    part,
    ...(values.only === undefined ? [] : ['--only', values.only]),
    ...(values.quick ? ['--quick'] : []),
  ]
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}
