import { cpuUsage } from 'node:process'
import { Bench } from 'tinybench'
import { LAP, lap } from './loop.ts'

/**
 * Nanoseconds of processor time a call, of all threads of the process: what else runs on the machine does not count, what
 * compilers and collectors do beside the call does. The mean: it is what a call costs with all that.
 */
export async function timePerCall(call: () => Promise<unknown>, forMs: number): Promise<number> {
  const bench = new Bench({
    now: processorMs,
    time: forMs,
    iterations: 1,
    warmup: false,
    throws: true,
  })
  const [task] = await bench.add('a lap', () => lap(call), { async: true }).run()
  if (task?.result.state !== 'completed')
    throw new Error(`measuring ended as ${task?.result.state}`)
  return (task.result.latency.mean * 1e6) / LAP
}

function processorMs(): number {
  const { user, system } = cpuUsage()
  return (user + system) / 1_000
}
