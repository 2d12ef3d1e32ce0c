/** The same circumstances for every contender. */
export interface Scene {
  /** In words. */
  readonly means: string
  /** Which form of a call is made. */
  readonly form: 'execute' | 'open' | 'wrap' | 'two-step'
  /** `failures` of the last `outOf` calls trip the breaker, where it can be told so. */
  readonly limit: { readonly failures: number; readonly outOf: number }
  /** Of so many calls, how many throw. They never trip the breaker. */
  readonly failing: { readonly calls: number; readonly of: number }
  /** Milliseconds that go by between two calls on our breaker's clock, beside those that really do. */
  readonly pace: number
}

/** A contender in a scene. */
export interface Subject {
  /** Makes one call. */
  call(): Promise<unknown>
  /** Stops its timers. */
  close?(): void
}

/** Makes a contender for a scene; undefined where it has no such form. */
export type Contender = (scene: Scene) => Promise<Subject | undefined>

const usual = {
  form: 'execute',
  limit: { failures: 5, outOf: 10 },
  failing: { calls: 0, of: 1 },
  pace: 0,
} as const
const hundredth = { calls: 1, of: 100 }

/** By the name under which they are reported. */
export const SCENES = {
  closed: {
    ...usual,
    means: 'execute; closed, all calls succeed, one right after the other; limit 5 of 10',
  },
  open: { ...usual, form: 'open', means: 'execute; open, every call is rejected by an error' },
  'failing, of 10': {
    ...usual,
    limit: { failures: 10, outOf: 10 },
    failing: { calls: 4, of: 5 },
    means:
      'execute; 4 of 5 calls throw, which the limit of 10 of 10 never sees as a reason to trip',
  },
  'failing, of 1000': {
    ...usual,
    limit: { failures: 1_000, outOf: 1_000 },
    failing: { calls: 249, of: 250 },
    means: 'execute; 249 of 250 calls throw, limit 1,000 of 1,000',
  },
  '1 % failing': {
    ...usual,
    failing: hundredth,
    means: 'execute; one call of 100 throws, all calls one right after the other',
  },
  '1 % failing, paced': {
    ...usual,
    failing: hundredth,
    pace: 1,
    means:
      'the same, but the clock of our breakers moves on by 1 ms a call, as at 1,000 calls/s: each failure is reported at once',
  },
  wrap: { ...usual, form: 'wrap', means: 'a wrapped function; closed' },
  'two-step': {
    ...usual,
    form: 'two-step',
    means: 'acquire() and permit.success(); closed. cockatiel: its execute, for scale',
  },
} satisfies Readonly<Record<string, Scene>>

export type SceneName = keyof typeof SCENES

export const SCENE_NAMES = Object.keys(SCENES) as SceneName[]

const failure = new Error('the dependency is down')

/** The function that breakers protect. It throws the same error each time: to make one costs more than most breakers. */
export function dependency({ failing }: Scene): () => Promise<number> {
  if (failing.calls === 0) return async () => 1
  let calls = 0
  return async () => {
    if (calls++ % failing.of < failing.of - failing.calls) return 1
    throw failure
  }
}
