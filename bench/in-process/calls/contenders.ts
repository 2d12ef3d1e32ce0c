import { boundedStaleness, strong } from './ours.ts'
import { barePromise, consecutive, count, opossum, sampling } from './peers.ts'
import type { Contender } from './scene.ts'

export const BASELINE = 'cockatiel, count'
const BARE = 'the bare promise'
export const OURS = 'ours, shared storage'

/** By the name under which they are reported. */
export const CONTENDERS: Readonly<Record<string, Contender>> = {
  [BARE]: barePromise,
  [BASELINE]: count,
  'cockatiel, sampling': sampling,
  'cockatiel, consecutive': consecutive,
  [OURS]: boundedStaleness,
  'ours, memory, strong': strong,
  'opossum, no timeout': opossum(false),
  'opossum, timeout': opossum(10_000),
}
