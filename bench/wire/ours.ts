import { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import type { Consistency } from '../../src/breaker/replica-options.ts'
import { fraction } from '../../src/core/limits.ts'
import { neonStorage } from '../../src/postgres/neon.ts'
import { CountingProxy } from '../support/counting-proxy.ts'
import type { Contender, Setting } from './contender.ts'
import { dependency, LIMITS } from './textbook.ts'

/** This library, over Neon's driver. */
export async function ours(
  { neon, cooldownMs }: Setting,
  consistency?: Consistency,
): Promise<Contender> {
  const proxy = await CountingProxy.start(neon.fetchEndpoint)
  const policy = new CircuitProtectorPolicy({
    resourceKey: consistency === undefined ? 'bounded' : 'strong',
    storage: neonStorage(neon.databaseUrl, { fetchEndpoint: `http://127.0.0.1:${proxy.port}/sql` }),
    failureLimit: fraction(LIMITS.failures, LIMITS.window),
    successLimit: fraction(LIMITS.successes, LIMITS.probes),
    cooldown: cooldownMs,
    // A slow machine must not change what is counted.
    storageTimeout: '5s',
    ...(consistency !== undefined && { consistency }),
  })
  return {
    call: (fails) => policy.execute(() => dependency(fails)).catch(() => {}),
    get tally() {
      return proxy.tally
    },
    async [Symbol.asyncDispose]() {
      await policy.dispose()
      await proxy[Symbol.asyncDispose]()
    },
  }
}
