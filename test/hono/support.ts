import { Hono } from 'hono'
import { systemRuntime } from '../../src/breaker/system-runtime.ts'
import { type CircuitBreakerOptions, circuitBreaker } from '../../src/hono/index.ts'
import type { AnyEnv } from '../../src/http/unknown-env.ts'
import type { Notice, Snapshot } from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/clock.ts'

/** Tests read what they like from the environment. */
type BreakerOptions = Partial<CircuitBreakerOptions<AnyEnv>>

/** A middleware over a storage in memory, both on a clock that stands still. */
export interface Bench {
  readonly app: Hono
  readonly clock: FakeClock
  readonly storage: InMemoryStorage
  readonly notices: Notice[]
  /** A further middleware of the same kind. */
  breaker(options?: BreakerOptions): ReturnType<typeof circuitBreaker>
  snapshot(resourceKey?: string): Promise<Snapshot>
}

/** An app with `circuitBreaker` before all its routes, and a few routes. */
export function bench(options: BreakerOptions = {}): Bench {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({ clock: clock.now })
  const notices: Notice[] = []
  const breaker = (own: BreakerOptions = {}) =>
    circuitBreaker({
      resourceKey: 'it',
      storage,
      runtime: { ...systemRuntime, now: clock.now, monotonic: clock.monotonic },
      onNotice: (notice) => notices.push(notice),
      ...own,
    })
  const app = new Hono()
  app.use(breaker(options))
  app.get('/ok', (c) => c.text('ok'))
  app.get('/fails', (c) => c.text('the upstream failed', 502))
  return {
    app,
    clock,
    storage,
    notices,
    breaker,
    async snapshot(resourceKey = 'it') {
      return (await storage.exchange([{ resourceKey, namespace: 'default' }]))[0]!.snapshot
    },
  }
}
