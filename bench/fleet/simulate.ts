/**
 * Runs the fleet simulator's scenarios: `npm run simulate -- [scenario…] [--scale 0.1] [--seed 1] [--set NAME=value…]`.
 * `--set` gives a constant of the replica another value for this run, such as `--set EAGER_MS=500`.
 */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundled } from './bundle.ts'
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

const scenarios: Readonly<Record<string, all.Scenario>> = { ...all }
const { simulate }: typeof import('../../src/testing/simulator/index.ts') = await bundled(
  '../../src/testing/simulator/index.ts',
  values.set,
  (file) => import(pathToFileURL(file).href),
)
for (const name of positionals.length > 0 ? positionals : Object.keys(scenarios)) {
  const scenario = scenarios[name]
  if (scenario === undefined)
    throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}`)
  const started = performance.now()
  const report = await simulate({ ...scenario(Number(values.scale)), seed: Number(values.seed) })
  print(name, report, performance.now() - started, values.seconds)
}
