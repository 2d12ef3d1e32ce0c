import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import { systemRuntime } from '../../src/breaker/system-runtime.ts'
import { fraction } from '../../src/core/limits.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { sharedLine } from '../../src/storage.ts'
import { Lab } from './lab.ts'

beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5))
afterEach(() => void vi.restoreAllMocks())

const fails = (policy: CircuitProtectorPolicy) =>
  policy.execute(() => Promise.reject(new Error('down'))).catch(() => {})

/** The same rows, reached as an isolate of its own does. */
const isolateOn = (store: InMemoryStorage): CircuitStorage => ({
  shared: true,
  line: sharedLine,
  exchange: (...args) => store.exchange(...args),
  acquire: (...args) => store.acquire(...args),
  control: (...args) => store.control(...args),
  list: (...args) => store.list(...args),
  history: (...args) => store.history(...args),
  prune: (...args) => store.prune(...args),
})

describe('a report has a name of its own', () => {
  it('though Math.random always gives the same', async () => {
    const policy = new CircuitProtectorPolicy({ failureLimit: fraction(5, 5) })
    for (let i = 0; i < 4; i++) await fails(policy)
    expect(policy.snapshot!.log).toBe('1111')
    await fails(policy)
    expect(policy.status).toBe('OPEN')
  })

  it('in each of several isolates with equal sequences of random numbers', async () => {
    for (const runtime of [undefined, { ...systemRuntime, random: () => 0.5 }]) {
      const store = new InMemoryStorage()
      for (let i = 0; i < 3; i++) {
        const policy = new CircuitProtectorPolicy({
          resourceKey: 'dependency',
          storage: isolateOn(store),
          failureLimit: fraction(1_000, 1_000),
          consistency: 'strong',
          ...(runtime && { runtime }),
        })
        for (let call = 0; call < 4; call++) await fails(policy)
      }
      const [row] = await store.exchange([{ resourceKey: 'dependency', namespace: 'default' }])
      expect(row!.snapshot.log).toBe('1'.repeat(12))
    }
  })

  it('in one isolate even where the platform gives the same each time', async () => {
    vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((words) => words)
    const lab = new Lab()
    const { policy } = lab.breaker({ consistency: 'strong', failureLimit: fraction(1_000, 1_000) })
    for (let i = 0; i < 200; i++) await lab.call(policy, 'fails')
    expect(await lab.log()).toBe('1'.repeat(200))
  })
})

it('what spreads load does not hang on Math.random', () => {
  const drawn = new Set(Array.from({ length: 100 }, () => systemRuntime.random()))
  expect(drawn.size).toBeGreaterThan(90)
  for (const share of drawn) {
    expect(share).toBeGreaterThanOrEqual(0)
    expect(share).toBeLessThan(1)
  }
})
