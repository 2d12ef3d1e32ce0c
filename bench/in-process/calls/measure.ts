/** Measures one contender in a process of its own, on any runtime: takes a `Plan` as JSON, prints `Measured` as JSON. */
import { argv, exit } from 'node:process'
import { bytesPerCall } from './bytes.ts'
import { CONTENDERS } from './contenders.ts'
import { check } from './loop.ts'
import type { Measured, Plan } from './plan.ts'
import { SCENES, type Scene } from './scene.ts'
import { timePerCall } from './time.ts'

async function measured({
  unit,
  scene: name,
  contender,
  warmUpRounds,
  rounds,
  turnMs,
}: Plan): Promise<Measured> {
  const scene: Scene = SCENES[name]
  const measure = unit === 'ns' ? timePerCall : bytesPerCall
  const samples: number[] = []
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    // A new one for each: what one has gathered must not weigh on the next. But the compiler has to learn that there is more than one.
    const subject = await CONTENDERS[contender]!(scene)
    if (subject === undefined) return samples
    await check(contender, subject.call, scene)
    const sample = await measure(subject.call, turnMs)
    await check(contender, subject.call, scene)
    subject.close?.()
    if (round >= warmUpRounds) samples.push(sample)
  }
  return samples
}

async function main(): Promise<void> {
  console.log(JSON.stringify(await measured(JSON.parse(argv[2]!))))
  // Contenders may hold timers.
  exit(0)
}

void main()
