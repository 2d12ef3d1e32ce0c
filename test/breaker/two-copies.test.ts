import { Hono } from 'hono'
import { describe, expect, it, vi } from 'vitest'
import { protectFetch } from '../../src/fetch/index.ts'
import { circuitBreaker } from '../../src/hono/index.ts'
import { CircuitProtectorPolicy, RetryWithBackoffPolicy } from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'

vi.resetModules()
const other = await import('../../src/index.ts')
const otherFetch = await import('../../src/fetch/index.ts')

/** A breaker of another copy of the package that rejects every call. */
async function rejecting() {
  const breaker = new other.CircuitProtectorPolicy({ resourceKey: 'inner' })
  await breaker.isolate()
  return breaker
}

async function rejectionOf(breaker: InstanceType<typeof other.CircuitProtectorPolicy>) {
  return breaker.execute(() => {}).catch((error) => error)
}

describe('with two copies of the package', () => {
  it('are two copies', () => {
    expect(other.CircuitProtectorPolicy).not.toBe(CircuitProtectorPolicy)
  })

  it("a breaker ignores the other copy's rejection", async () => {
    const inner = await rejecting()
    const outer = new CircuitProtectorPolicy({ resourceKey: 'outer' })
    await expect(outer.execute(() => inner.execute(() => 'ok'))).rejects.toMatchObject({
      resourceKey: 'inner',
    })
    expect([outer.status, outer.executionLog.length]).toEqual(['CLOSED', 0])
  })

  it("a retry does not repeat the other copy's rejection", async () => {
    const inner = await rejecting()
    const fn = vi.fn(() => inner.execute(() => 'ok'))
    await expect(new RetryWithBackoffPolicy().execute(fn)).rejects.toMatchObject({
      code: 'PROTECTED_CALL',
    })
    expect(fn).toHaveBeenCalledTimes(1)
  })

  it("a protected fetch ignores the other copy's rejection and its response", async () => {
    const rejection = await rejectionOf(await rejecting())
    const outcomes: string[] = []
    const protect = protectFetch({ onOutcome: (_, { outcome }) => outcomes.push(outcome) })
    await expect(
      protect((() => Promise.reject(rejection)) as typeof fetch)('https://a.example/'),
    ).rejects.toBe(rejection)
    await protect((async () => otherFetch.rejectionResponse(rejection)) as typeof fetch)(
      'https://a.example/',
    )
    expect(outcomes).toEqual(['ignored', 'ignored'])
  })

  it('a route ignores what a protected fetch of the other copy answers and throws', async () => {
    const rejection = await rejectionOf(await rejecting())
    const outcomes: string[] = []
    const app = new Hono()
    const guard = circuitBreaker({
      resourceKey: 'route',
      storage: new InMemoryStorage(),
      onOutcome: (_, { outcome }) => outcomes.push(outcome),
    })
    app.onError((_, c) => c.text('failed', 500))
    app.get('/answers', guard, () => otherFetch.rejectionResponse(rejection))
    app.get('/throws', guard, () => {
      throw rejection
    })
    await app.request('/answers')
    await app.request('/throws')
    expect(outcomes).toEqual(['ignored', 'ignored'])
  })

  it('does not take an error for a rejection that only has its name and code', async () => {
    const lookalike = Object.assign(new Error('no'), { code: 'PROTECTED_CALL' })
    lookalike.name = 'ProtectedCallError'
    const breaker = new CircuitProtectorPolicy()
    await expect(breaker.execute(() => Promise.reject(lookalike))).rejects.toBe(lookalike)
    expect(breaker.status).toBe('OPEN')
  })
})
