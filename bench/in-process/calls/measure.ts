/** Measures in a process of its own, on any runtime: takes a `Plan` as JSON, prints `InScene` as JSON. */
import { argv, exit } from 'node:process'
import { takeTurns } from '../../support/turns.ts'
import { bytesPerCall } from './bytes.ts'
import { CONTENDERS, OURS } from './contenders.ts'
import { check, LAP, lap } from './loop.ts'
import type { InScene, Plan } from './plan.ts'
import { SCENES, type Scene, type Told } from './scene.ts'
import { timePerCall } from './time.ts'

async function measured({ unit, scene: name, rounds, turnMs }: Plan): Promise<InScene> {
  const scene: Scene = SCENES[name]
  const measure = unit === 'ns' ? timePerCall : bytesPerCall
  const turns: Record<string, () => Promise<number>> = {}
  for (const [name, contender] of Object.entries(CONTENDERS)) {
    const able = await contender(scene)
    if (able === undefined) continue
    able.close?.()
    // A new one for each turn: what one has gathered must not weigh on all others' turns.
    turns[name] = async () => {
      const subject = (await contender(scene))!
      await check(name, subject.call, scene)
      const result = await measure(subject.call, turnMs)
      await check(name, subject.call, scene)
      subject.close?.()
      return result
    }
  }
  // The first round is for the compiler.
  await takeTurns(turns, 1)
  return { samples: await takeTurns(turns, rounds), told: await toldPerCall(scene, turnMs) }
}

async function toldPerCall(scene: Scene, forMs: number): Promise<Told> {
  const { call, told } = (await CONTENDERS[OURS]!(scene))!
  const until = performance.now() + forMs
  let calls = 0
  for (; performance.now() < until; calls += LAP) await lap(call)
  const { reports, dropped } = told!()
  return { reports: reports / calls, dropped: dropped / calls }
}

async function main(): Promise<void> {
  console.log(JSON.stringify(await measured(JSON.parse(argv[2]!))))
  // Contenders may hold timers.
  exit(0)
}

void main()
