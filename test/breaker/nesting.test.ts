import { describe, expect, it } from 'vitest'
import {
  type CircuitProtectorOptions,
  CircuitProtectorPolicy,
  fraction,
  protect,
  RetryWithBackoffPolicy,
  SafetyNet,
} from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'

/** A breaker over a memory that its test can look into, and others of the same key. */
function bench(options: CircuitProtectorOptions = {}) {
  const clock = new FakeClock()
  const storage = new InMemoryStorage({ clock: clock.now })
  const outcomes: string[] = []
  const another = (more: CircuitProtectorOptions = {}) =>
    new CircuitProtectorPolicy({
      resourceKey: 'it',
      storage,
      failureLimit: fraction(3, 3),
      successLimit: fraction(1, 1),
      cooldown: '10s',
      runtime: clock,
      onOutcome: (_, { outcome }) => outcomes.push(outcome),
      ...options,
      ...more,
    })
  const snapshot = async () =>
    (await storage.exchange([{ resourceKey: 'it', namespace: 'default' }]))[0]!.snapshot
  return { clock, storage, outcomes, breaker: another(), another, snapshot }
}
type Bench = ReturnType<typeof bench>
type Execute = CircuitProtectorPolicy['execute']

const turn = () => new Promise((resolve) => setImmediate(resolve))
const boom = new Error('boom')

/** Ways in which a call meets its breaker twice. Each calls `fn` once, in the innermost call. */
const NESTED: Readonly<
  Record<string, (bench: Bench, fn: () => Promise<string>) => Promise<string>>
> = {
  'wrap in wrap': ({ breaker }, fn) => breaker.wrap(breaker.wrap(fn))(),
  'execute in execute in execute': ({ breaker }, fn) =>
    breaker.execute(() => breaker.execute(() => breaker.execute(fn))),
  'another object of the same key': ({ breaker, another }, fn) =>
    breaker.execute(() => another().execute(fn)),
  'with another breaker between them': ({ breaker, another }, fn) =>
    breaker.execute(() => another({ resourceKey: 'other' }).execute(() => breaker.execute(fn))),
  'with a retry around and between': ({ breaker }, fn) => {
    const retry = new RetryWithBackoffPolicy({ maxRetries: 0 })
    const run: Execute = (inner) => retry.execute(() => breaker.execute(inner))
    return run(() => run(fn)).catch((error: Error) => {
      throw error.cause instanceof Error ? (error.cause.cause ?? error.cause) : error
    })
  },
  'safety nets': ({ breaker, another }, fn) => {
    const net = new SafetyNet({ policies: [breaker] })
    return net.execute(() => new SafetyNet({ policies: [another()] }).execute(fn))
  },
  'decorated methods': ({ breaker }, fn) => {
    // What `@protect(breaker)` makes of a method.
    const context = { kind: 'method' } as ClassMethodDecoratorContext<
      unknown,
      () => Promise<string>
    >
    const send = protect(breaker)(fn, context)
    const charge = protect(breaker)(() => send.call(undefined), context)
    return charge.call(undefined)
  },
  'a permit in a call': ({ breaker }, fn) =>
    breaker.execute(async () => {
      const permit = await breaker.acquire()
      try {
        const value = await fn()
        await permit.success()
        return value
      } catch (error) {
        await permit.failure(error)
        throw error
      }
    }),
  'under a time limit': ({ another }, fn) => {
    const limited = another({ timeout: '1h' })
    return limited.execute(() => limited.execute(fn))
  },
  'after an await, within the context': ({ breaker }, fn) =>
    breaker.execute(async (within) => {
      await turn()
      return breaker.execute(fn, { within })
    }),
  "after an await, within the context, with the caller's own signal": ({ breaker }, fn) =>
    breaker.execute(async (within) => {
      await turn()
      return breaker.execute(fn, { within })
    }, new AbortController().signal),
  'after an await, within the context of a time limit': ({ another }, fn) => {
    const limited = another({ timeout: '1h' })
    return limited.execute(async (within) => {
      await turn()
      return another().execute(fn, { within })
    }, new AbortController().signal)
  },
  'after an await, in a safety net with a retry around the breaker': ({ breaker }, fn) => {
    const retry = new RetryWithBackoffPolicy({ maxRetries: 0, shouldHandle: () => false })
    const net = new SafetyNet({ policies: [retry, breaker] })
    return net.execute(async (within) => {
      await turn()
      return net.execute(fn, { within })
    })
  },
  'a permit after an await': ({ breaker }, fn) =>
    breaker.execute(async (within) => {
      await turn()
      const permit = await breaker.acquire({ within })
      return fn().finally(() => permit.release())
    }),
}

describe.each(Object.entries(NESTED))('a breaker met twice in one call: %s', (_, call) => {
  it('counts once', async () => {
    const at = bench()
    expect(await call(at, async () => 'well')).toBe('well')
    await expect(
      call(at, async () => {
        throw boom
      }),
    ).rejects.toBe(boom)
    expect((await at.snapshot()).log).toBe('01')
    expect(at.outcomes.slice(0, 1)).toEqual(['success'])
  })

  it('closes again with one place for probes', async () => {
    const at = bench()
    for (let i = 0; i < 3; i++) await at.breaker.execute(() => Promise.reject(boom)).catch(() => {})
    expect((await at.snapshot()).status).toBe('OPEN')
    at.clock.advance(10_000)
    expect(await call(at, async () => 'well')).toBe('well')
    expect((await at.snapshot()).status).toBe('CLOSED')
  })
})

describe('where nothing tells that a call is part of another', () => {
  const laterThan = (outer: CircuitProtectorPolicy, inner: CircuitProtectorPolicy) =>
    outer.wrap(async () => {
      await turn()
      return inner.execute(async () => 'well')
    })

  it.each(['one object', 'two objects of one key', 'a rejection as the cause of another error'])(
    'the breaker learns it from its own rejection, and closes at the next probe: %s',
    async (how) => {
      const { breaker, another, clock, snapshot } = bench()
      const inner = how.startsWith('two') ? another() : breaker
      const call = laterThan(breaker, inner)
      const called = how.startsWith('a rejection')
        ? breaker.wrap(async () => {
            await turn()
            return inner
              .execute(async () => 'well')
              .catch((cause) => {
                throw new Error('no answer', { cause })
              })
          })
        : call
      for (let i = 0; i < 3; i++) await breaker.execute(() => Promise.reject(boom)).catch(() => {})
      clock.advance(10_000)
      await expect(called()).rejects.toThrow()
      expect((await snapshot()).status).not.toBe('CLOSED')
      clock.advance(30_000)
      expect(await called()).toBe('well')
      expect((await snapshot()).status).toBe('CLOSED')
    },
  )

  it('learns how deep they nest', async () => {
    const { breaker, clock, snapshot } = bench()
    const deep = breaker.wrap(async () => {
      await turn()
      return laterThan(breaker, breaker)()
    })
    for (let i = 0; i < 3; i++) await breaker.execute(() => Promise.reject(boom)).catch(() => {})
    for (let i = 0; i < 2; i++) {
      clock.advance(30_000)
      await expect(deep()).rejects.toThrow()
    }
    clock.advance(30_000)
    expect(await deep()).toBe('well')
    expect((await snapshot()).status).toBe('CLOSED')
  })

  it('takes no further call along where the breaker never rejected its own', async () => {
    const { breaker, clock } = bench()
    for (let i = 0; i < 3; i++) await breaker.execute(() => Promise.reject(boom)).catch(() => {})
    clock.advance(10_000)
    let end = () => {}
    const probe = breaker.execute(() => new Promise<void>((resolve) => (end = resolve)))
    await turn()
    await expect(breaker.execute(async () => 'beside it')).rejects.toThrow('HALF_OPEN')
    end()
    await probe
  })
})

describe('a call that is no part of another', () => {
  it('counts beside one that shares its signal', async () => {
    const { breaker, snapshot } = bench()
    const { signal } = new AbortController()
    await Promise.all([breaker.execute(turn, signal), breaker.execute(turn, signal)])
    expect((await snapshot()).log).toBe('00')
  })

  it('is rejected where the breaker has opened since the outer call began', async () => {
    const { breaker } = bench()
    await breaker.execute(async (within) => {
      await breaker.open()
      await expect(breaker.execute(async () => 'later', { within })).rejects.toThrow('OPEN')
    })
  })

  it('counts where it belongs to another key, namespace or storage', async () => {
    const { breaker, another, storage } = bench()
    const elsewhere = new InMemoryStorage()
    await breaker.execute(() =>
      Promise.all([
        another({ resourceKey: 'other' }).execute(turn),
        another({ namespace: 'other' }).execute(turn),
        another({ storage: elsewhere }).execute(turn),
      ]),
    )
    const logs = async (of: InMemoryStorage) => (await of.list()).items.map(({ log }) => log)
    expect([await logs(storage), await logs(elsewhere)]).toEqual([['0', '0', '0'], ['0']])
  })

  it('counts where it begins once the first one has awaited', async () => {
    const { breaker, snapshot } = bench()
    const first = breaker.execute(turn)
    await breaker.execute(async () => 'second')
    await first
    expect((await snapshot()).log).toBe('00')
  })

  it('counts where the function before it threw at once', async () => {
    const { breaker, snapshot } = bench()
    await breaker
      .execute(() => {
        throw boom
      })
      .catch(() => {})
    await breaker.execute(async () => 'second')
    expect((await snapshot()).log).toBe('10')
  })
})
