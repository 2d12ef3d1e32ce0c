import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../src/breaker/system-runtime.ts'
import { CircuitProtectorPolicy, fraction } from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'

describe.each(['strong', { maxStaleness: '5s' }] as const)(
  'a breaker whose row is removed, %o',
  (consistency) => {
    it('starts anew: closed, with an empty window', async () => {
      const clock = new FakeClock()
      const storage = Object.assign(new InMemoryStorage({ clock: clock.now }), { shared: true })
      const breaker = new CircuitProtectorPolicy({
        resourceKey: 'k',
        storage,
        consistency,
        failureLimit: fraction(2, 2),
        cooldown: '1h',
        runtime: { ...systemRuntime, now: clock.now, after: async () => {} },
      })
      await breaker.open()
      expect(await breaker.execute(() => 'ok').catch((error) => error.name)).toBe(
        'ProtectedCallError',
      )
      await storage.remove({ resourceKey: 'k', namespace: 'default', actor: null, reason: null })
      clock.advance(5_000)
      await breaker.refresh()
      expect(breaker.status).toBe('CLOSED')
      expect(await breaker.execute(() => 'ok')).toBe('ok')
      const fail = () => breaker.execute(() => Promise.reject(new Error('x'))).catch(() => {})
      await fail()
      await breaker.flush()
      expect(breaker.status).toBe('CLOSED')
      await fail()
      await breaker.flush()
      expect(breaker.status).toBe('OPEN')
    })
  },
)
