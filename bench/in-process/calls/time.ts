import { cpuUsage } from 'node:process'
import { median } from '../../support/turns.ts'
import { LAP, lap } from './loop.ts'

/** Shorter ones would not all have garbage to collect. */
const SLICE_NS = 10e6

/**
 * Nanoseconds of processor time a call, of all threads of the process: what else runs on the machine does not count, what
 * compilers and collectors do beside the call does. The median of slices.
 */
export async function timePerCall(call: () => Promise<unknown>, forMs: number): Promise<number> {
  await slice(call)
  const slices: number[] = []
  // Where the machine is busy with other things, it has to be less.
  const until = performance.now() + 2 * forMs
  for (let spent = 0; spent < forMs * 1e6 && (spent === 0 || performance.now() < until); ) {
    const { calls, ns } = await slice(call)
    slices.push(ns / calls)
    spent += ns
  }
  return median(slices)
}

async function slice(call: () => Promise<unknown>): Promise<{ readonly calls: number; readonly ns: number }> {
  const start = cpuUsage()
  let calls = 0
  let ns = 0
  while (ns < SLICE_NS) {
    await lap(call)
    calls += LAP
    const { user, system } = cpuUsage(start)
    ns = (user + system) * 1_000
  }
  return { calls, ns }
}
