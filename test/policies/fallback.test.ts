import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import {
  CircuitProtectorPolicy,
  FallbackPolicy,
  fraction,
  InvalidOptionError,
  type Notice,
  ProtectedCallError,
  RetryWithBackoffPolicy,
  SafetyNet,
} from '../../src/index.ts'

const down = new Error('down')
const fails = (): Promise<number> => Promise.reject(down)

describe('FallbackPolicy', () => {
  it('answers what the function answers, and does not ask the fallback then', async () => {
    const fallback = vi.fn(() => 'from the cache')
    expect(await new FallbackPolicy({ fallback }).execute(() => 42)).toBe(42)
    expect(fallback).not.toHaveBeenCalled()
  })

  it.each([
    ['a value', 'from the cache'],
    ['undefined', undefined],
    ['a function', () => 'computed'],
    ['a function that takes time', async () => 'fetched'],
  ])('answers %s in the place of an error', async (_, fallback) => {
    const expected = typeof fallback === 'function' ? await fallback() : fallback
    expect(await new FallbackPolicy({ fallback }).execute(fails)).toBe(expected)
  })

  it('hands both functions the call’s signal, and the fallback the error', async () => {
    const { signal } = new AbortController()
    const policy = new FallbackPolicy({ fallback: null })
    expect(await policy.execute((context) => context.signal, signal)).toBe(signal)
    const fallback = vi.fn((error: unknown, context: { signal: AbortSignal }) => [
      error,
      context.signal,
    ])
    expect(await new FallbackPolicy({ fallback }).execute(fails, { signal })).toEqual([
      down,
      signal,
    ])
  })

  it('throws an error that is not to be handled as it is', async () => {
    const policy = new FallbackPolicy({
      fallback: 'from the cache',
      shouldHandle: (error) => error instanceof ProtectedCallError,
    })
    await expect(policy.execute(fails)).rejects.toBe(down)
    const breaker = new CircuitProtectorPolicy()
    await breaker.open()
    expect(await policy.execute(() => breaker.execute(fails))).toBe('from the cache')
  })

  it('throws what the fallback throws', async () => {
    const other = new Error('no cache either', { cause: down })
    for (const fallback of [() => Promise.reject(other), () => other.message.at(99)!.length]) {
      const error = await new FallbackPolicy({ fallback }).execute(fails).catch((reason) => reason)
      expect(error).toBeInstanceOf(Error)
      expect(error).not.toBe(down)
    }
  })

  it('has no answer for a caller that went away', async () => {
    const fallback = vi.fn(() => 'from the cache')
    const policy = new FallbackPolicy({ fallback })
    const controller = new AbortController()
    const call = policy.execute(async () => {
      controller.abort('gone')
      throw down
    }, controller.signal)
    await expect(call).rejects.toBe(down)
    await expect(policy.execute(fails, controller.signal)).rejects.toBe('gone')
    expect(fallback).not.toHaveBeenCalled()
  })

  it('has one for a caller whose time limit ran out', async () => {
    const controller = new AbortController()
    const policy = new FallbackPolicy({ fallback: 'from the cache' })
    const call = policy.execute(async () => {
      controller.abort(new DOMException('too slow', 'TimeoutError'))
      throw controller.signal.reason
    }, controller.signal)
    expect(await call).toBe('from the cache')
  })

  it('tells onFallback, and reports hooks that fail, which harm no call', async () => {
    const notices: Notice[] = []
    const told: unknown[] = []
    const onNotice = (notice: Notice) => notices.push(notice)
    const onFallback = async (error: unknown) => {
      told.push(error)
      throw new Error('hook')
    }
    const policy = new FallbackPolicy({ fallback: 1, onFallback, onNotice })
    expect(await policy.execute(fails)).toBe(1)
    expect(told).toEqual([down])
    const shouldHandle = () => {
      throw new Error('hook')
    }
    await expect(
      new FallbackPolicy({ fallback: 1, shouldHandle, onNotice }).execute(fails),
    ).rejects.toBe(down)
    expect(notices.map(({ message }) => message)).toEqual([
      'onFallback failed',
      'shouldHandle failed',
    ])
  })

  it('stands outermost in a SafetyNet, and the types say what it may answer', async () => {
    const net = new SafetyNet({
      policies: [
        new FallbackPolicy({ fallback: 'from the cache' as const }),
        new RetryWithBackoffPolicy({ maxRetries: 1 }),
        new CircuitProtectorPolicy({ failureLimit: fraction(5, 10) }),
      ],
    })
    const answer = net.execute(fails)
    expectTypeOf(answer).toEqualTypeOf<Promise<number | 'from the cache'>>()
    expect(await answer).toBe('from the cache')
    expectTypeOf(net.wrap(async (n: number) => n)).returns.toEqualTypeOf<
      Promise<number | 'from the cache'>
    >()
    const made = new FallbackPolicy({ fallback: async (error: unknown) => String(error) })
    expectTypeOf(made.wrap(fails)).returns.toEqualTypeOf<Promise<number | string>>()
    expect(await made.wrap(fails)()).toBe('Error: down')
  })

  it.each([
    [undefined, 'options must be an object; got undefined'],
    [{}, 'fallback must be a value or a function; got undefined'],
    [{ fallback: 1, shouldHandle: true }, 'shouldHandle must be a function; got true'],
    [{ fallback: 1, onFallback: 'log' }, 'onFallback must be a function; got "log"'],
    [{ fallback: 1, onNotice: 1 }, 'onNotice must be a function; got 1'],
    [{ fallbck: 1 }, 'fallbck is no option; did you mean fallback?'],
  ])('refuses %o', (options, message) => {
    const make = () => new FallbackPolicy(options as never)
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow(message)
  })
})
