import { describe, expect, it } from 'vitest'
import {
  FixedDelay,
  type RetryBudget,
  type RetryWithBackoffOptions,
  RetryWithBackoffPolicy,
  retryBudget,
} from '../../src/index.ts'
import { Random } from '../support/random.ts'

const ISOLATES = 1_000
/** How long one step of virtual time is; each isolate begins one call in each. */
const STEP_MS = 100
const STEPS_PER_SECOND = 1_000 / STEP_MS
/** Until each isolate has used up its reserve. */
const WARM_UP_S = 5
const MEASURED_S = 10

/** Virtual time: what waits for an instant goes on when it comes. */
class Timeline {
  #now = 0
  readonly #waiting = new Map<number, (() => void)[]>()

  readonly now = (): number => this.#now
  readonly random = (): number => 0.5
  readonly after = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const at = this.#now + ms
      this.#waiting.set(at, [...(this.#waiting.get(at) ?? []), resolve])
    })

  step(): void {
    this.#now += STEP_MS
    for (const resume of this.#waiting.get(this.#now) ?? []) resume()
    this.#waiting.delete(this.#now)
  }
}

/** A dependency that fails half of all calls, and the isolates that call it. */
async function storm(budget: (time: Timeline) => RetryWithBackoffOptions['budget']) {
  const time = new Timeline()
  const random = new Random(15)
  const budgets: RetryBudget[] = []
  const isolates = Array.from({ length: ISOLATES }, () => {
    const own = budget(time)
    if (own) budgets.push(own)
    return new RetryWithBackoffPolicy({
      maxRetries: 3,
      backoff: new FixedDelay(STEP_MS),
      budget: own,
      runtime: time,
    })
  })
  let attempts = 0
  const dependency = async () => {
    attempts++
    if (random.chance(0.5)) throw new Error('down')
  }
  const seconds = async (count: number) => {
    for (let step = 0; step < count * STEPS_PER_SECOND; step++) {
      for (const isolate of isolates) isolate.execute(dependency).catch(() => {})
      time.step()
      // What the calls and the timers have set going ends before anything else begins.
      await new Promise(setImmediate)
    }
  }
  await seconds(WARM_UP_S)
  const held = budgets.map(({ balance }) => balance)
  attempts = 0
  await seconds(MEASURED_S)
  return { calls: ISOLATES * MEASURED_S * STEPS_PER_SECOND, attempts, held }
}

describe('a thousand isolates that retry three times, and a dependency that fails half of all calls', () => {
  it('make it carry at most a fifth more than their calls, and a retry a second each, once the reserve is gone', async () => {
    const { calls, attempts, held } = await storm((time) => retryBudget({ runtime: time }))
    // The reserve is gone: what an isolate holds is, on average, the share of a retry that is being saved up.
    const left = held.reduce((sum, balance) => sum + balance, 0)
    expect(left).toBeLessThan(ISOLATES)
    const allowed = 1.2 * calls + ISOLATES * MEASURED_S
    expect(attempts).toBeLessThanOrEqual(allowed + left)
    expect(attempts).toBeGreaterThan(0.99 * allowed)
  })

  it('make it carry no more than a fifth more where a second adds nothing', async () => {
    const { calls, attempts, held } = await storm((time) =>
      retryBudget({ minPerSecond: 0, runtime: time }),
    )
    const left = held.reduce((sum, balance) => sum + balance, 0)
    expect(attempts).toBeLessThanOrEqual(1.2 * calls + left)
    expect(left).toBeLessThan(ISOLATES)
  })

  it('make it carry almost twice as much where they have no budget', async () => {
    const { calls, attempts } = await storm(() => false)
    expect(attempts).toBeGreaterThan(1.8 * calls)
  })
})
