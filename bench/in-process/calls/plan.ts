import type { SceneName, Told } from './scene.ts'

/** What a process is to measure. */
export interface Plan {
  readonly unit: 'ns' | 'bytes'
  readonly scene: SceneName
  /** The name of one. */
  readonly contender: string
  readonly rounds: number
  /** How long a contender's turn takes; where bytes are counted, its warm-up. */
  readonly turnMs: number
}

/** What it measured. */
export interface Measured {
  /** Per call, one number a round; none where the contender has no such form. */
  readonly samples: readonly number[]
  /** What a call told the storage, on average; undefined where there is none. */
  readonly told?: Told
}
