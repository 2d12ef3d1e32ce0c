import type { Samples } from '../../support/turns.ts'
import type { SceneName, Told } from './scene.ts'

/** What a process is to measure. */
export interface Plan {
  readonly unit: 'ns' | 'bytes'
  readonly scene: SceneName
  readonly rounds: number
  /** How long a contender's turn takes; where bytes are counted, its warm-up. */
  readonly turnMs: number
}

/** What it measured. */
export interface InScene {
  /** Per call, by contender. */
  readonly samples: Samples
  /** What a call of ours told the storage, on average. */
  readonly told: Told
}
