/**
 * Runs the fleet simulator's scenarios: `npm run simulate -- [scenario…] [--scale 0.1] [--seed 1] [--set NAME=value…]`.
 * `--set` gives a constant of the replica another value for this run, such as `--set EAGER_MS=500`.
 */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { build, type Plugin } from 'esbuild'
import { print } from './print.ts'
import * as all from './scenarios.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    set: { type: 'string', multiple: true, default: [] },
    seconds: { type: 'boolean', default: false },
  },
})

/** The simulator, with these constants of the replica changed. */
async function simulator(changes: readonly string[]): Promise<typeof import('../src/testing/simulator/index.ts')> {
  const left = new Map(changes.map((change) => change.split('=') as [string, string]))
  const changed: Plugin = {
    name: 'changed-constants',
    setup: (plugin) =>
      plugin.onLoad({ filter: /src\/replica\/.*\.ts$/ }, async ({ path }) => {
        let contents = await readFile(path, 'utf8')
        for (const [name, value] of left) {
          const after = contents.replace(new RegExp(`^const ${name} = .*$`, 'm'), `const ${name} = ${value}`)
          if (after !== contents) left.delete(name)
          contents = after
        }
        return { contents, loader: 'ts' }
      }),
  }
  const entry = fileURLToPath(new URL('../src/testing/simulator/index.ts', import.meta.url))
  const built = await build({ entryPoints: [entry], bundle: true, format: 'esm', write: false, plugins: [changed] })
  if (left.size > 0) throw new Error(`the replica has no constant ${[...left.keys()].join(', ')}, or it has that value`)
  const file = join(tmpdir(), `simulator-${process.pid}.mjs`)
  await writeFile(file, built.outputFiles[0]!.contents)
  try {
    return await import(pathToFileURL(file).href)
  } finally {
    await rm(file)
  }
}

const scenarios: Readonly<Record<string, all.Scenario>> = { ...all }
const { simulate } = await simulator(values.set)
for (const name of positionals.length > 0 ? positionals : Object.keys(scenarios)) {
  const scenario = scenarios[name]
  if (scenario === undefined) throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`)
  const started = performance.now()
  const report = await simulate({ ...scenario(Number(values.scale)), seed: Number(values.seed) })
  print(name, report, performance.now() - started, values.seconds)
}
