/**
 * Runs the fleet simulator's scenarios: `npm run simulate -- [scenario…] [--scale 0.1] [--seed 1] [--set NAME=value…]`.
 * `--set` gives a constant of the replica another value for this run, such as `--set EAGER_MS=500`.
 *
 * `npm run simulate -- matrix [--isolates 100] [--seeds 3] [--only word…]`: fleets of this size in every kind of trouble with every
 * kind of rule, on all cores. `--isolates` and `--only` may be given several times; a cell needs all of the words. A seed takes some
 * two minutes of two cores with 100 isolates, ten times as long with 1,000, and half an hour or more with 10,000.
 */
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { bundled } from './bundle.ts'
import { print } from './print.ts'
import { runMatrix } from './run-matrix.ts'
import * as all from './scenarios.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scale: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    set: { type: 'string', multiple: true, default: [] },
    seconds: { type: 'boolean', default: false },
    isolates: { type: 'string', multiple: true, default: ['100'] },
    seeds: { type: 'string', default: '3' },
    only: { type: 'string', multiple: true, default: [] },
  },
})

if (positionals[0] === 'matrix') {
  const { only, set } = values
  await runMatrix({ isolates: values.isolates.map(Number), seeds: Number(values.seeds), only, set })
} else {
  await runScenarios()
}

async function runScenarios(): Promise<void> {
  const scenarios: Readonly<Record<string, all.Scenario>> = { ...all }
  const { simulate }: typeof import('../../src/testing/simulator/index.ts') = await bundled(
    '../../src/testing/simulator/index.ts',
    values.set,
    (file) => import(pathToFileURL(file).href),
  )
  for (const name of positionals.length > 0 ? positionals : Object.keys(scenarios)) {
    const scenario = scenarios[name]
    if (scenario === undefined)
      throw new Error(`no scenario ${name}; there are ${Object.keys(scenarios).join(', ')}, matrix`)
    const started = performance.now()
    const report = await simulate({ ...scenario(Number(values.scale)), seed: Number(values.seed) })
    print(name, report, performance.now() - started, values.seconds)
  }
}
