import {
  CircuitState,
  ConsecutiveBreaker,
  CountBreaker,
  circuitBreaker,
  handleAll,
  type IBreaker,
  SamplingBreaker,
} from 'cockatiel'
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

/** The share of failures above which cockatiel's breakers trip: at as many of the window as ours. */
const threshold = ({ limit }: Scene): number => (limit.failures - 0.5) / limit.outOf

const counting = cockatiel(
  (scene) => new CountBreaker({ size: scene.limit.outOf, threshold: threshold(scene) }),
)

/** What all others are compared with: it takes part in every scene, in the one form that it has. */
export const count: Contender = (scene) =>
  counting({ ...scene, form: scene.form === 'two-step' ? 'execute' : scene.form })
export const sampling: Contender = cockatiel(
  (scene) => new SamplingBreaker({ duration: 10_000, threshold: threshold(scene) }),
)
export const consecutive: Contender = cockatiel(
  ({ limit }) => new ConsecutiveBreaker(limit.failures),
)

function cockatiel(breakerFor: (scene: Scene) => IBreaker): Contender {
  return async (scene) => {
    const breaker = circuitBreaker(handleAll, { halfOpenAfter: DAY_MS, breaker: breakerFor(scene) })
    const run = dependency(scene)
    switch (scene.form) {
      case 'open':
        while (breaker.state !== CircuitState.Open) await breaker.execute(fail).catch(() => {})
        return { call: () => breaker.execute(run) }
      case 'wrap':
        // It has no such method: this is how one writes it.
        return { call: (...args: []) => breaker.execute(() => run(...args)) }
      case 'two-step':
        return undefined
      case 'execute':
        return { call: () => breaker.execute(run) }
    }
  }
}

export const opossum =
  (timeout: number | false): Contender =>
  async (scene) => {
    if (scene.form === 'two-step') return undefined
    const { failures, outOf } = scene.limit
    const breaker = new OpossumBreaker(dependency(scene), {
      timeout,
      errorThresholdPercentage: (100 * failures) / outOf,
      resetTimeout: DAY_MS,
    })
    if (scene.form === 'open') breaker.open()
    return { call: () => breaker.fire(), close: () => breaker.shutdown() }
  }
