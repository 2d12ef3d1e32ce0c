import { alone, sharing } from './ours.ts'
import { barePromise, count, opossum } from './peers.ts'
import type { Contender } from './scene.ts'

export const BASELINE = 'cockatiel, count'
const BARE = 'the bare promise'
export const OURS = 'ours, shared storage'
export const ALONE = 'ours, no storage'
/** What the two-step form of each is held against: its own `execute`. */
export const EXECUTE_OF = {
  [OURS]: `${OURS}, execute`,
  [ALONE]: `${ALONE}, execute`,
} as const

/** By the name under which they are reported. */
export const CONTENDERS: Readonly<Record<string, Contender>> = {
  [BARE]: barePromise,
  [BASELINE]: count,
  [OURS]: sharing,
  [EXECUTE_OF[OURS]]: besideTwoSteps(sharing),
  [ALONE]: alone,
  [EXECUTE_OF[ALONE]]: besideTwoSteps(alone),
  'opossum, no timeout': opossum,
}

/** Takes part in the scene of two steps alone, and makes its calls in one. */
function besideTwoSteps(contender: Contender): Contender {
  return async (scene) =>
    scene.form === 'two-step' ? contender({ ...scene, form: 'execute' }) : undefined
}
