import { Worker } from 'node:worker_threads'
import type { SimulationOptions } from '../../src/testing/simulator/index.ts'
import { bundled } from './bundle.ts'
import type { Reports, Task } from './worker.ts'

/** A simulation makes much that is soon forgotten. */
const LIMITS = { maxYoungGenerationSizeMb: 192, maxOldGenerationSizeMb: 5_000 }

/** Runs a simulation; each gets a thread, so that its memory goes with it. */
export type Simulate = <Contender extends Task['contender']>(
  contender: Contender,
  options: SimulationOptions,
) => Promise<Reports[Contender]>

/** Simulates with these constants of the replica changed, for as long as `use` takes. */
export function inLaboratory<T>(
  changes: readonly string[],
  use: (simulate: Simulate) => Promise<T>,
): Promise<T> {
  return bundled('worker.ts', changes, (file) =>
    use((contender, options) => runTask(file, { contender, options })),
  )
}

function runTask<Report>(file: string, task: Task): Promise<Report> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(file, { workerData: task, resourceLimits: LIMITS })
    worker.once('message', resolve).once('error', reject)
    worker.once('exit', (code) => reject(new Error(`the simulation ended with ${code}`)))
  })
}
