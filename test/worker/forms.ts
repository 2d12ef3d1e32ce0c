import {
  CircuitProtectorPolicy,
  fraction,
  protect,
  RetryWithBackoffPolicy,
  SafetyNet,
} from 'resilient-circuit'
import { neonStorage } from 'resilient-circuit/neon'

interface Environment {
  readonly DATABASE_URL: string
  readonly NEON_FETCH_ENDPOINT: string
}

const breakers = new Map<string, CircuitProtectorPolicy>()

function breakerOf(resourceKey: string, env: Environment): CircuitProtectorPolicy {
  let breaker = breakers.get(resourceKey)
  if (breaker === undefined) {
    const storage = neonStorage(env.DATABASE_URL, { fetchEndpoint: env.NEON_FETCH_ENDPOINT })
    breaker = new CircuitProtectorPolicy({
      resourceKey,
      storage,
      failureLimit: fraction(5, 10),
      // Busy machines must not look like slow databases.
      storageTimeout: '60s',
      operationTimeout: '90s',
    })
    breakers.set(resourceKey, breaker)
  }
  return breaker
}

async function charge(order: string): Promise<string> {
  if (order === 'bad') throw new Error('the charge failed')
  return order
}

/** Each a way to call what is protected that has no place for `waitUntil`. */
const FORMS: Readonly<
  Record<string, (breaker: CircuitProtectorPolicy, order: string) => Promise<string>>
> = {
  execute: (breaker, order) => breaker.execute(() => charge(order)),
  wrap: (breaker, order) => breaker.wrap(charge)(order),
  'safety-net': (breaker, order) => {
    const retry = new RetryWithBackoffPolicy({ maxRetries: 0 })
    return new SafetyNet({ policies: [retry, breaker] }).wrap(charge)(order)
  },
  decorator: (breaker, order) => {
    class Payments {
      @protect(breaker)
      async charge(order: string): Promise<string> {
        return charge(order)
      }
    }
    return new Payments().charge(order)
  },
  permit: async (breaker, order) => {
    const permit = await breaker.acquire()
    return charge(order).then(
      async (value) => {
        await permit.success()
        return value
      },
      async (error) => {
        await permit.failure(error)
        throw error
      },
    )
  },
}

export default {
  async fetch(request: Request, env: Environment): Promise<Response> {
    const [, form, order] = new URL(request.url).pathname.split('/') as [string, string, string]
    return FORMS[form]!(breakerOf(form, env), order).then(
      (value) => new Response(value),
      (error) => new Response(String(error), { status: 500 }),
    )
  },
}
