import {
  BulkheadRejectedError,
  bulkhead,
  ConstantBackoff,
  fallback,
  handleAll,
  retry as retryOf,
  TaskCancelledError,
  TimeoutStrategy,
  timeout,
} from 'cockatiel'
import { describe, expect, expectTypeOf, it, onTestFinished, vi } from 'vitest'
import {
  type CallContext,
  CircuitProtectorPolicy,
  fraction,
  InvalidOptionError,
  type Policy,
  ProtectedCallError,
  RetryLimitReached,
  RetryWithBackoffPolicy,
  SafetyNet,
} from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'

const down = new Error('down')

/** A policy that notes when it is entered and left. */
function noting(name: string, notes: string[]): Policy {
  return {
    async execute(fn, signal) {
      notes.push(`${name} in`)
      const value = await fn({ signal: signal ?? new AbortController().signal })
      notes.push(`${name} out`)
      return value
    },
  }
}

describe('SafetyNet', () => {
  it('applies its policies outermost first', async () => {
    const notes: string[] = []
    const net = new SafetyNet({ policies: [noting('a', notes), noting('b', notes)] })
    expect(await net.execute(() => notes.push('call'))).toBe(3)
    expect(notes).toEqual(['a in', 'b in', 'call', 'b out', 'a out'])
  })

  it('around a breaker and a retry gives either order its own meaning', async () => {
    const fails = () => Promise.reject(down)
    const counting = (policies: (breaker: Policy, retry: Policy) => Policy[]) => {
      const breaker = new CircuitProtectorPolicy({ failureLimit: fraction(3, 3) })
      const net = new SafetyNet({
        policies: policies(breaker, new RetryWithBackoffPolicy({ maxRetries: 1 })),
      })
      return { breaker, call: () => net.execute(fails).catch((error) => error) }
    }
    const inside = counting((breaker, retry) => [retry, breaker])
    expect(await inside.call()).toBeInstanceOf(RetryLimitReached)
    expect([...inside.breaker.executionLog]).toEqual([false, false])
    const rejection = await inside.call()
    expect(rejection).toBeInstanceOf(ProtectedCallError)
    expect(rejection.cause).toBe(down)

    const outside = counting((breaker, retry) => [breaker, retry])
    expect(await outside.call()).toBeInstanceOf(RetryLimitReached)
    expect([...outside.breaker.executionLog]).toEqual([false])
  })

  it('without policies wraps a function as the function itself, and runs it as it is', async () => {
    const net = new SafetyNet({ policies: [] })
    const fn = async (n: number) => n + 1
    expect(net.wrap(fn)).toBe(fn)
    expect(await net.execute(() => 'done')).toBe('done')
  })

  it('keeps arguments, this, name and types of what it wraps', async () => {
    const net = new SafetyNet({
      policies: [new RetryWithBackoffPolicy(), new CircuitProtectorPolicy()],
    })
    const shop = {
      rate: 2,
      price: net.wrap(async function price(this: { rate: number }, amount: number, unit?: string) {
        return `${amount * this.rate} ${unit}`
      }),
    }
    expect(await shop.price(21, 'EUR')).toBe('42 EUR')
    expect(shop.price.name).toBe('price')
    expectTypeOf(shop.price).parameters.toEqualTypeOf<[amount: number, unit?: string | undefined]>()
    expectTypeOf(shop.price).returns.toEqualTypeOf<Promise<string>>()
    expectTypeOf(net.execute(() => 1)).toEqualTypeOf<Promise<number>>()
  })

  it('may stand in another, and be used again and again', async () => {
    const inner = new SafetyNet({ policies: [new RetryWithBackoffPolicy({ maxRetries: 1 })] })
    const outer = new SafetyNet({ policies: [new CircuitProtectorPolicy(), inner] })
    expect(await Promise.all([1, 2, 3].map((n) => outer.execute(async () => n)))).toEqual([1, 2, 3])
  })

  it('is not changed by what becomes of the list that it was given', async () => {
    const policies: Policy[] = []
    const net = new SafetyNet({ policies })
    policies.push(noting('late', []))
    const fn = async () => 1
    expect(net.wrap(fn)).toBe(fn)
  })

  const breaker = new CircuitProtectorPolicy()
  it.each([
    [undefined, 'policies must be a list of policies; got undefined'],
    [{}, 'policies must be a list of policies; got undefined'],
    [{ policies: breaker }, 'policies must be a list of policies; got an object'],
    [{ policies: [breaker, undefined] }, 'policies[1] must be a policy; got undefined'],
    [{ policies: [() => {}] }, 'policies[0] must be a policy; got a function'],
    [
      { policies: [breaker, new RetryWithBackoffPolicy(), breaker] },
      'policies[2] must be in the list only once; got an object',
    ],
  ])('refuses %o', (options, message) => {
    const make = () => new SafetyNet(options as never)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })
})

describe('what a caller gives to a SafetyNet', () => {
  /** A shared storage of its own: outcomes leave in the background. */
  const shared = () =>
    Object.assign(new InMemoryStorage(), { shared: true }) as InMemoryStorage & { shared: true }

  it('waitUntil reaches the breaker inside, through whatever is around it', async () => {
    const breaker = new CircuitProtectorPolicy({
      resourceKey: 'api',
      storage: shared(),
      failureLimit: fraction(5, 10),
    })
    const net = new SafetyNet({
      policies: [
        timeout(60_000, TimeoutStrategy.Cooperative),
        new RetryWithBackoffPolicy({ maxRetries: 1 }),
        new SafetyNet({ policies: [breaker] }),
      ],
    })
    const waitUntil = vi.fn((_: Promise<unknown>) => {})
    await net.execute(() => Promise.reject(down), { waitUntil }).catch(() => {})
    expect(waitUntil.mock.calls.length).toBeGreaterThanOrEqual(2)
    await Promise.all(waitUntil.mock.calls.flat())
    expect([...breaker.executionLog]).toEqual([false, false])
  })

  it('its signal reaches the function and every policy on the way', async () => {
    const seen: (AbortSignal | undefined)[] = []
    const seeing: Policy = {
      execute: async (fn, signal) => {
        seen.push(signal)
        return fn({ signal: signal! })
      },
    }
    const net = new SafetyNet({
      policies: [
        seeing,
        new RetryWithBackoffPolicy(),
        { execute: seeing.execute },
        new CircuitProtectorPolicy(),
      ],
    })
    const { signal } = new AbortController()
    expect(await net.execute((context) => context.signal, signal)).toBe(signal)
    expect(await net.execute((context) => context.signal, { signal })).toBe(signal)
    expect(seen).toEqual([signal, signal, signal, signal])
  })

  it('its signal is made for nobody who does not ask', async () => {
    let made = 0
    const counted = class extends AbortController {
      constructor() {
        super()
        made++
      }
    }
    vi.stubGlobal('AbortController', counted)
    onTestFinished(() => void vi.unstubAllGlobals())
    const net = new SafetyNet({
      policies: [new RetryWithBackoffPolicy(), new CircuitProtectorPolicy()],
    })
    await net.execute(() => 1)
    expect(made).toBe(0)
    expect(await net.execute(({ signal }) => signal.aborted)).toBe(false)
    expect(made).toBe(1)
  })

  it('an aborted signal calls nothing', async () => {
    const fn = vi.fn()
    const net = new SafetyNet({ policies: [noting('a', [])] })
    await expect(net.execute(fn, AbortSignal.abort('gone'))).rejects.toBe('gone')
    expect(fn).not.toHaveBeenCalled()
  })

  it('a policy that hands no signal on does not cut the caller’s off', async () => {
    const careless: Policy = { execute: async (fn) => fn({} as CallContext) }
    const { signal } = new AbortController()
    const net = new SafetyNet({
      policies: [careless, { execute: async (fn) => fn(undefined as never) }],
    })
    expect(await net.execute((context) => context.signal, signal)).toBe(signal)
  })
})

describe('a cockatiel policy in a SafetyNet', () => {
  it('timeout aborts what runs inside, and the breaker takes its abort for no failure', async () => {
    const breaker = new CircuitProtectorPolicy()
    const net = new SafetyNet({ policies: [timeout(5, TimeoutStrategy.Cooperative), breaker] })
    const aborted = net.execute(
      ({ signal }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    )
    await expect(aborted).rejects.toThrow('aborted')
    expect(breaker.executionLog.length).toBe(0)
  })

  it('timeout that does not wait ends a retry’s wait', async () => {
    const waiting = vi.fn((_: number) => new Promise<never>(() => {}))
    const retry = new RetryWithBackoffPolicy({
      backoff: { forAttempt: () => 1 },
      runtime: { now: Date.now, random: () => 0, after: waiting },
    })
    const net = new SafetyNet({ policies: [timeout(5, TimeoutStrategy.Aggressive), retry] })
    await expect(net.execute(() => Promise.reject(down))).rejects.toBeInstanceOf(TaskCancelledError)
    expect(waiting).toHaveBeenCalledTimes(1)
  })

  it('retry repeats what our breaker let through', async () => {
    const breaker = new CircuitProtectorPolicy({ failureLimit: fraction(3, 3) })
    const net = new SafetyNet({
      policies: [retryOf(handleAll, { maxAttempts: 1, backoff: new ConstantBackoff(0) }), breaker],
    })
    await expect(net.execute(() => Promise.reject(down))).rejects.toBe(down)
    expect([...breaker.executionLog]).toEqual([false, false])
  })

  it('bulkhead rejects what is too much', async () => {
    const net = new SafetyNet({ policies: [new CircuitProtectorPolicy(), bulkhead(1)] })
    let end: (() => void) | undefined
    const first = net.execute(
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
    )
    await expect.poll(() => end).toBeTypeOf('function')
    await expect(net.execute(() => {})).rejects.toBeInstanceOf(BulkheadRejectedError)
    end!()
    await first
  })

  it('fallback answers in the place of a rejection, and the types say so', async () => {
    const breaker = new CircuitProtectorPolicy()
    await breaker.open()
    const net = new SafetyNet({
      policies: [fallback(handleAll, 'from the cache' as const), breaker],
    })
    const answer = net.execute(async () => 42)
    expectTypeOf(answer).toEqualTypeOf<Promise<number | 'from the cache'>>()
    expect(await answer).toBe('from the cache')
    expectTypeOf(net.wrap(async (n: number) => n)).returns.toEqualTypeOf<
      Promise<number | 'from the cache'>
    >()
  })
})
