import type { SceneName } from './scene.ts'

/** What a process is to measure. */
export interface Plan {
  readonly unit: 'ns' | 'bytes'
  readonly scene: SceneName
  /** The name of one. */
  readonly contender: string
  /** Rounds that do not count, for the compiler: code that does more takes longer to be compiled. */
  readonly warmUpRounds: number
  readonly rounds: number
  /** How long a round takes; where bytes are counted, the warm-up in it. */
  readonly turnMs: number
}

/** What it measured per call, one number a round; none where the contender has no such form. */
export type Measured = readonly number[]
