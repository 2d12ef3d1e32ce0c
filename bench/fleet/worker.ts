/** Runs one simulation in a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads'
import {
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from '../../src/testing/simulator/index.ts'
import { type InProcessReport, simulateInProcess } from './in-process-fleet.ts'

const contenders = { shared: simulate, 'in-process': simulateInProcess } as const

export interface Task {
  readonly contender: keyof typeof contenders
  readonly options: SimulationOptions
}

export interface Reports {
  readonly shared: SimulationReport
  readonly 'in-process': InProcessReport
}

// A rejection is an error, and many of them are made here that nobody reads.
Error.stackTraceLimit = 0
const { contender, options } = workerData as Task
parentPort!.postMessage(await contenders[contender](options))
