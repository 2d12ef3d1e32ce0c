import { CircuitState, CountBreaker, circuitBreaker, handleAll } from 'cockatiel'
import OpossumBreaker from 'opossum'
import { type Contender, dependency, type Scene } from './scene.ts'

const DAY_MS = 86_400_000

const fail = async () => {
  throw new Error('rejected')
}

/** What a call costs that nothing protects; where a breaker is open, what it costs to throw a new error. */
export const barePromise: Contender = async (scene) => {
  const run = dependency(scene)
  return scene.form === 'two-step' ? undefined : { call: scene.form === 'open' ? fail : run }
}

/** The share of failures above which cockatiel's breaker trips: at as many of the window as ours. */
const threshold = ({ limit }: Scene): number => (limit.failures - 0.5) / limit.outOf

/** cockatiel's breaker that counts, with which all others are compared. It has no two-step form, and makes its calls in one there. */
export const count: Contender = async (scene) => {
  const breaker = circuitBreaker(handleAll, {
    halfOpenAfter: DAY_MS,
    breaker: new CountBreaker({ size: scene.limit.outOf, threshold: threshold(scene) }),
  })
  const run = dependency(scene)
  // It has no `wrap` either: this is how one writes it.
  if (scene.form === 'wrap') return { call: (...args: []) => breaker.execute(() => run(...args)) }
  if (scene.form === 'open') {
    while (breaker.state !== CircuitState.Open) await breaker.execute(fail).catch(() => {})
  }
  return { call: () => breaker.execute(run) }
}

/** Without a timeout, for the others have none. */
export const opossum: Contender = async (scene) => {
  if (scene.form === 'two-step') return undefined
  const { failures, outOf } = scene.limit
  const breaker = new OpossumBreaker(dependency(scene), {
    timeout: false,
    errorThresholdPercentage: (100 * failures) / outOf,
    resetTimeout: DAY_MS,
  })
  if (scene.form === 'open') breaker.open()
  return { call: () => breaker.fire(), close: () => breaker.shutdown() }
}
