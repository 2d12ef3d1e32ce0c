/** What each contender measured, one number a round. */
export type Samples = Readonly<Record<string, readonly number[]>>

/** What the rounds of one contender come to. */
export interface Standing {
  readonly name: string
  readonly median: number
  /** Against the baseline of the same round: the median of the rounds' ratios, the least and the greatest of them. */
  readonly ratio: { readonly median: number; readonly low: number; readonly high: number }
}

/**
 * Lets contenders take turns, round by round, so that a machine whose speed drifts treats them alike. Every other round runs
 * backwards, so that none always follows the same one.
 */
export async function takeTurns(
  contenders: Readonly<Record<string, () => Promise<number>>>,
  rounds: number,
): Promise<Samples> {
  const entries = Object.entries(contenders)
  const samples: Record<string, number[]> = Object.fromEntries(entries.map(([name]) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of round % 2 === 0 ? entries : [...entries].reverse())
      samples[name]!.push(await measure())
  }
  return samples
}

/** Compares each contender with `baseline`, round by round. */
export function compare(samples: Samples, baseline: string): readonly Standing[] {
  const base = samples[baseline]!
  return Object.entries(samples).map(([name, values]) => {
    const ratios = values.map((value, round) => value / base[round]!)
    return {
      name,
      median: median(values),
      ratio: { median: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) },
    }
  })
}

/** The middle one, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  return (quantile(values, 0.5, Math.floor) + quantile(values, 0.5, Math.ceil)) / 2
}

/** The value below which `share` of the values lie. */
export function quantile(
  values: readonly number[],
  share: number,
  round: (rank: number) => number = Math.round,
): number {
  return [...values].sort((a, b) => a - b)[round((values.length - 1) * share)]!
}
