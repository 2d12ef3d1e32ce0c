import { setTimeout as sleep } from 'node:timers/promises'
import type { Tally } from '../support/counting-proxy.ts'
import type { Contender } from './contender.ts'

export interface Phase {
  readonly name: string
  readonly seconds: number
  /** Does the nth call fail? */
  readonly fails: (n: number) => boolean
}

/** What a contender's storage cost in one phase. */
export interface Cost extends Tally {
  readonly calls: number
}

/** Lets a contender live through the phases in real time, at a steady pace of calls per second. Its cost by phase. */
export async function live(
  contender: Contender,
  phases: readonly Phase[],
  pace: number,
): Promise<Readonly<Record<string, Cost>>> {
  const costs: Record<string, Cost> = {}
  for (const phase of phases) {
    const before = contender.tally
    const calls = await callFor(phase, pace, (fails) => contender.call(fails))
    const after = contender.tally
    costs[phase.name] = {
      calls,
      connections: after.connections - before.connections,
      roundTrips: after.roundTrips - before.roundTrips,
      bytes: after.bytes - before.bytes,
    }
  }
  return costs
}

/** Calls do not wait for each other, and one that is late is made up for. @returns how many there were, once all have ended */
async function callFor(
  { seconds, fails }: Phase,
  pace: number,
  call: (fails: boolean) => Promise<void>,
): Promise<number> {
  const started = performance.now()
  const elapsed = () => performance.now() - started
  const total = Math.round(seconds * pace)
  const pending: Promise<void>[] = []
  while (pending.length < total) {
    const due = Math.min(total, Math.floor((elapsed() / 1_000) * pace) + 1)
    while (pending.length < due) pending.push(call(fails(pending.length + 1)))
    await sleep(Math.max(1, (pending.length / pace) * 1_000 - elapsed()))
  }
  await Promise.all(pending)
  return total
}
