import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  CallTimeoutError,
  type CircuitProtectorOptions,
  CircuitProtectorPolicy,
  CircuitState,
  failureRate,
  fraction,
  ProtectedCallError,
} from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/clock.ts'

let clock: FakeClock
let storage: InMemoryStorage

beforeEach(() => {
  clock = new FakeClock()
  storage = new InMemoryStorage({ clock: clock.now })
})

const breaker = (options: CircuitProtectorOptions = {}) =>
  new CircuitProtectorPolicy({
    resourceKey: 'payments',
    storage,
    failureLimit: fraction(2, 4),
    successLimit: fraction(2, 2),
    cooldown: '10s',
    runtime: clock,
    ...options,
  })

const broken = new Error('the dependency is down')
const succeed = (policy: CircuitProtectorPolicy) => policy.execute(() => 'ok')
const fail = (policy: CircuitProtectorPolicy, error: unknown = broken) =>
  policy.execute(() => {
    throw error
  })

async function trip(policy: CircuitProtectorPolicy) {
  for (let i = 0; i < 4; i++) await expect(fail(policy)).rejects.toBe(broken)
  expect(policy.status).toBe('OPEN')
}

describe('a circuit protector', () => {
  it('takes its time from a runtime that is an object of a class', async () => {
    class Stopped {
      readonly #instant = 1_000
      now() {
        return this.#instant
      }
      random() {
        return 0.5 + this.#instant * 0
      }
      async after() {}
    }
    expect(await breaker({ runtime: new Stopped() }).execute(() => 'ok')).toBe('ok')
  })

  it('goes from closed to open to half-open to closed', async () => {
    const policy = breaker()
    await succeed(policy)
    await expect(fail(policy)).rejects.toBe(broken)
    await succeed(policy)
    expect([...policy.executionLog]).toEqual([true, false, true])
    await expect(fail(policy)).rejects.toBe(broken)
    expect(policy.status).toBe(CircuitState.OPEN)
    await expect(succeed(policy)).rejects.toMatchObject({
      code: 'PROTECTED_CALL',
      status: 'OPEN',
      reason: 'OPEN',
      retryAfterMs: 10_000,
    })
    clock.advance('10s')
    expect(await succeed(policy)).toBe('ok')
    expect(policy.status).toBe('HALF_OPEN')
    expect(await succeed(policy)).toBe('ok')
    expect(policy.status).toBe('CLOSED')
    expect(policy.executionLog.length).toBe(0)
  })

  it('does not call the function that it rejects', async () => {
    const policy = breaker()
    await trip(policy)
    const fn = vi.fn()
    await expect(policy.execute(fn)).rejects.toBeInstanceOf(ProtectedCallError)
    expect(fn).not.toHaveBeenCalled()
  })

  it('tells a rejected caller what is open, why, until when, and what the storage said', async () => {
    const policy = breaker({ namespace: 'tenant 1' })
    await trip(policy)
    clock.advance('4s')
    const error = await succeed(policy).catch((e: unknown) => e)
    expect(error).toMatchObject({
      name: 'ProtectedCallError',
      resourceKey: 'payments',
      namespace: 'tenant 1',
      retryAfterMs: 6_000,
      snapshot: { status: 'OPEN', opens: 1, cause: 'failure_limit' },
    })
  })

  it('shares its state with every other of the same key, and with none of another key or namespace', async () => {
    await trip(breaker())
    await expect(succeed(breaker())).rejects.toBeInstanceOf(ProtectedCallError)
    await expect(succeed(breaker({ resourceKey: 'search' }))).resolves.toBe('ok')
    await expect(succeed(breaker({ namespace: 'other' }))).resolves.toBe('ok')
  })

  it('keeps to itself in memory where it is given no storage', async () => {
    await trip(breaker({ storage: new InMemoryStorage({ clock: clock.now }) }))
    await expect(new CircuitProtectorPolicy().execute(() => 1)).resolves.toBe(1)
  })

  it('asks the storage for nothing when it is made', () => {
    const exchange = vi.spyOn(storage, 'exchange')
    const acquire = vi.spyOn(storage, 'acquire')
    breaker()
    expect(exchange).not.toHaveBeenCalled()
    expect(acquire).not.toHaveBeenCalled()
  })

  it('lets no more probes out than it may, however many ask at once', async () => {
    const policy = breaker({ successLimit: fraction(2, 3), probeConcurrency: 2 })
    await trip(policy)
    clock.advance('10s')
    const ends: (() => void)[] = []
    const calls = Array.from({ length: 20 }, () =>
      policy.execute(() => new Promise<void>((end) => ends.push(end))).catch((e: unknown) => e),
    )
    await expect.poll(() => ends).toHaveLength(2)
    for (const end of ends) end()
    const results = await Promise.all(calls)
    expect(results.filter((result) => result instanceof ProtectedCallError)).toHaveLength(18)
    expect(results.find((result) => result instanceof ProtectedCallError)).toMatchObject({
      reason: 'HALF_OPEN',
      retryAfterMs: 30_000,
    })
  })

  it('lengthens its cooldown by a function of the opens in a row', async () => {
    const policy = breaker({ cooldown: (opens) => opens * 10_000 })
    await trip(policy)
    clock.advance('10s')
    await expect(fail(policy)).rejects.toBe(broken)
    await expect(succeed(policy)).rejects.toMatchObject({ retryAfterMs: 20_000 })
  })
})

describe('wrap', () => {
  it('keeps arguments, this and name', async () => {
    const till = {
      name: 'till',
      charge: breaker().wrap(function charge(
        this: { name: string },
        amount: number,
        currency = 'EUR',
      ) {
        return `${this.name}: ${amount} ${currency}`
      }),
    }
    await expect(till.charge(5)).resolves.toBe('till: 5 EUR')
    expect(till.charge.name).toBe('charge')
  })
})

describe('what an outcome means', () => {
  it('takes an error that is not to be handled for an answer', async () => {
    const policy = breaker({ shouldHandle: (error) => !(error instanceof RangeError) })
    for (let i = 0; i < 4; i++)
      await expect(fail(policy, new RangeError('404'))).rejects.toBeInstanceOf(RangeError)
    expect([...policy.executionLog]).toEqual([true, true, true, true])
  })

  it('ignores a caller that goes away', async () => {
    const policy = breaker()
    const controller = new AbortController()
    const call = policy.execute(({ signal }) => {
      controller.abort()
      return signal.throwIfAborted()
    }, controller.signal)
    await expect(call).rejects.toThrow('abort')
    expect(policy.executionLog.length).toBe(0)
  })

  it('does not call for a caller that is gone already', async () => {
    const fn = vi.fn()
    await expect(breaker().execute(fn, { signal: AbortSignal.abort() })).rejects.toThrow('abort')
    expect(fn).not.toHaveBeenCalled()
  })

  it("ignores another breaker's rejection", async () => {
    const inner = breaker({ resourceKey: 'inner' })
    await trip(inner)
    const outer = breaker({ resourceKey: 'outer' })
    for (let i = 0; i < 5; i++)
      await expect(outer.execute(() => succeed(inner))).rejects.toMatchObject({
        resourceKey: 'inner',
      })
    expect(outer.status).toBe('CLOSED')
    expect(outer.executionLog.length).toBe(0)
  })

  it('lets classify decide on values and errors alike', async () => {
    const policy = breaker({
      classify: (result) => (result.ok && result.value === 503 ? 'failure' : undefined),
    })
    for (let i = 0; i < 4; i++) expect(await policy.execute(() => 503)).toBe(503)
    expect(policy.status).toBe('OPEN')
  })

  it('takes too slow a success for a failure', async () => {
    const outcomes: unknown[] = []
    const policy = breaker({
      slowCallDuration: '2s',
      onOutcome: (_, event) => outcomes.push(event),
    })
    await policy.execute(() => void clock.advance('2s'))
    await policy.execute(() => void clock.advance(2_001))
    expect([...policy.executionLog]).toEqual([true, false])
    expect(outcomes).toEqual([
      { outcome: 'success', durationMs: 2_000, slow: false },
      { outcome: 'failure', durationMs: 2_001, slow: true },
    ])
  })

  it('gives up a call that passes its timeout, and tells the function so', async () => {
    const policy = breaker({ timeout: '5ms' })
    let told: AbortSignal | undefined
    const call = policy.execute(({ signal }) => {
      told = signal
      return new Promise(() => {})
    })
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(5)
    await expect(call).rejects.toBeInstanceOf(CallTimeoutError)
    expect(told?.aborted).toBe(true)
    expect([...policy.executionLog]).toEqual([false])
  })

  it('stays open for as long as the dependency asked, where that is longer', async () => {
    const policy = breaker({
      classify: ({ ok }) => (ok ? undefined : { outcome: 'failure', retryAfterMs: 60_000 }),
    })
    await trip(policy)
    await expect(succeed(policy)).rejects.toMatchObject({ retryAfterMs: 60_000 })
  })

  it('opens at once on such a wish where it is told to, and heeds it only so far', async () => {
    const policy = breaker({
      retryAfter: 'open',
      maxRetryAfter: '30s',
      classify: ({ ok }) => (ok ? undefined : { outcome: 'failure', retryAfterMs: 3_600_000 }),
    })
    await expect(fail(policy)).rejects.toBe(broken)
    await expect(succeed(policy)).rejects.toMatchObject({ retryAfterMs: 30_000 })
  })

  it('trips on a rate over a time window', async () => {
    const policy = breaker({
      failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 4 }),
    })
    for (const ok of [true, true, false])
      await (ok ? succeed(policy) : expect(fail(policy)).rejects.toBe(broken))
    clock.advance('11s')
    await expect(fail(policy)).rejects.toBe(broken)
    expect(policy.status).toBe('CLOSED')
    for (let i = 0; i < 3; i++) await expect(fail(policy)).rejects.toBe(broken)
    expect(policy.status).toBe('OPEN')
  })
})

describe('a permit', () => {
  it('counts once, however often it is settled', async () => {
    const policy = breaker()
    const permit = await policy.acquire()
    await permit.success()
    await permit.success()
    await permit.failure(broken)
    expect([...policy.executionLog]).toEqual([true])
  })

  it('keeps its place for its own lease', async () => {
    const policy = breaker({ successLimit: fraction(1, 1) })
    await trip(policy)
    clock.advance('10s')
    const permit = await policy.acquire({ lease: '2m' })
    expect(permit.probe).toBe(true)
    clock.advance('119s')
    await expect(policy.acquire()).rejects.toMatchObject({
      reason: 'HALF_OPEN',
      retryAfterMs: 1_000,
    })
    await permit.success()
    expect(policy.status).toBe('CLOSED')
  })

  it('gives its place back when it is released', async () => {
    const policy = breaker({ successLimit: fraction(1, 1) })
    await trip(policy)
    clock.advance('10s')
    await (await policy.acquire()).release()
    expect(await succeed(policy)).toBe('ok')
    expect(policy.status).toBe('CLOSED')
  })
})

describe('an operator', () => {
  it('opens, closes and resets', async () => {
    const policy = breaker()
    expect(await policy.open()).toMatchObject({
      status: 'OPEN',
      retryAfterMs: 10_000,
      cause: 'opened',
    })
    expect(await policy.close({ actor: 'ana' })).toMatchObject({
      status: 'CLOSED',
      cause: 'closed',
    })
    await expect(fail(policy)).rejects.toBe(broken)
    expect(await policy.reset()).toMatchObject({
      status: 'CLOSED',
      log: '',
      opens: 0,
      override: null,
    })
    const { items } = await storage.history()
    expect(items.map(({ cause, actor }) => [cause, actor])).toEqual([
      ['reset', null],
      ['closed', 'ana'],
      ['opened', null],
    ])
  })

  it('isolates for a time, after which probes decide', async () => {
    const policy = breaker()
    await policy.isolate({ for: '10m', reason: 'maintenance', actor: 'ana' })
    await expect(succeed(policy)).rejects.toMatchObject({
      reason: 'FORCED_OPEN',
      retryAfterMs: 600_000,
    })
    clock.advance('10m')
    expect(await succeed(policy)).toBe('ok')
    expect(policy.status).toBe('HALF_OPEN')
  })

  it('isolates without an end until it is lifted', async () => {
    const policy = breaker()
    await policy.isolate()
    clock.advance(86_400_000)
    await expect(succeed(policy)).rejects.toMatchObject({
      reason: 'FORCED_OPEN',
      retryAfterMs: undefined,
    })
    await policy.override(null)
    expect(await succeed(policy)).toBe('ok')
  })

  it('watches without rejecting: METRICS_ONLY', async () => {
    const wouldReject = vi.fn()
    const policy = breaker({ onWouldReject: wouldReject })
    await policy.override('METRICS_ONLY', { for: '1h' })
    await trip(policy)
    expect(await succeed(policy)).toBe('ok')
    expect(wouldReject).toHaveBeenCalledOnce()
    expect(await policy.refresh()).toMatchObject({
      status: 'OPEN',
      wouldReject: 1,
      override: { kind: 'METRICS_ONLY' },
    })
  })

  it('lets all through and records nothing: DISABLED', async () => {
    const policy = breaker()
    await policy.override('DISABLED')
    for (let i = 0; i < 5; i++) await expect(fail(policy)).rejects.toBe(broken)
    expect(policy.status).toBe('CLOSED')
    expect(policy.executionLog.length).toBe(0)
  })
})

describe('hooks', () => {
  it('are told of each change, by whom and why', async () => {
    const changes: unknown[] = []
    const policy = breaker({
      onStatusChange: (_, from, to, { origin, cause }) => changes.push([from, to, origin, cause]),
    })
    const other = breaker({
      onStatusChange: (_, from, to, { origin }) => changes.push(['other', from, to, origin]),
    })
    await other.refresh()
    await trip(policy)
    await other.refresh()
    clock.advance('10s')
    await succeed(policy)
    await succeed(policy)
    expect(changes).toEqual([
      ['CLOSED', 'OPEN', 'self', 'failure_limit'],
      ['other', 'CLOSED', 'OPEN', 'fleet'],
      ['OPEN', 'HALF_OPEN', 'self', 'cooldown_over'],
      ['HALF_OPEN', 'CLOSED', 'self', 'probes_succeeded'],
    ])
  })

  it('never replace a result, and are reported when they fail', async () => {
    const notices: unknown[] = []
    const oops = () => {
      throw new Error('hook')
    }
    const policy = breaker({
      onOutcome: oops,
      onStatusChange: async () => oops(),
      onReject: oops,
      classify: oops,
      onNotice: ({ code, message }) => notices.push(`${code} ${message}`),
    })
    expect(await succeed(policy)).toBe('ok')
    await expect(fail(policy)).rejects.toBe(broken)
    await expect(fail(policy)).rejects.toBe(broken)
    await expect(fail(policy)).rejects.toBe(broken)
    await expect(succeed(policy)).rejects.toBeInstanceOf(ProtectedCallError)
    await policy.flush()
    expect(new Set(notices)).toEqual(
      new Set([
        'HOOK_FAILED onOutcome failed',
        'HOOK_FAILED onStatusChange failed',
        'HOOK_FAILED onReject failed',
        'HOOK_FAILED classify failed',
      ]),
    )
  })

  it('say once that a single failure stops a fleet, where nobody chose that', () => {
    const notices: unknown[] = []
    const shared = Object.assign(new InMemoryStorage(), { shared: true as const })
    new CircuitProtectorPolicy({
      resourceKey: 'k',
      storage: shared,
      onNotice: ({ code }) => notices.push(code),
    })
    new CircuitProtectorPolicy({
      resourceKey: 'k',
      storage: shared,
      failureLimit: fraction(1, 1),
      onNotice: ({ code }) => notices.push(code),
    })
    expect(notices).toEqual(['SINGLE_FAILURE_TRIPS'])
  })
})

describe('a wrong option', () => {
  const shared = Object.assign(new InMemoryStorage(), { shared: true as const })

  it.each<[string, unknown, string]>([
    ['resourceKey', { resourceKey: '' }, '1 to 255'],
    ['resourceKey', { resourceKey: 'x'.repeat(256) }, '1 to 255'],
    ['resourceKey', { resourceKey: undefined, storage: shared }, 'shared'],
    ['namespace', { namespace: 'a\u0000b' }, 'U+0000'],
    ['failureLimit', { failureLimit: { numerator: 6, denominator: 5 } }, '"6/5"'],
    ['successLimit', { successLimit: { numerator: 0, denominator: 5 } }, '"0/5"'],
    ['cooldown', { cooldown: 'soon' }, '"soon"'],
    ['cooldown', { cooldown: 0 }, 'got 0'],
    ['cooldown(2)', { cooldown: (n: number) => (n === 2 ? Number.NaN : 1) }, 'NaN'],
    ['probeConcurrency', { probeConcurrency: 3 }, 'from 1 to'],
    ['probeLease', { probeLease: '25h' }, '25h'],
    ['slowCallDuration', { slowCallDuration: -1 }, '-1'],
    ['timeout', { timeout: '1 s' }, '"1 s"'],
    ['retryAfter', { retryAfter: 'never' }, '"never"'],
    ['maxRetryAfter', { maxRetryAfter: Number.POSITIVE_INFINITY }, 'Infinity'],
    ['consistency', { consistency: 'eventual' }, '"eventual"'],
    ['consistency.maxStaleness', { consistency: { maxStaleness: '2h' } }, '2h'],
    ['onStale', { onStale: 'panic' }, '"panic"'],
    ['storageTimeout', { storageTimeout: 0 }, 'got 0'],
    ['operationTimeout', { operationTimeout: '11m' }, '11m'],
    ['whenDegraded', { whenDegraded: 'panic' }, '"panic"'],
    ['maxBuffered', { maxBuffered: 0.5 }, '0.5'],
    ['maxOutcomeAge', { maxOutcomeAge: 1 }, 'got 1'],
    ['background', { background: 'later' }, '"later"'],
    ['onStatusChange', { onStatusChange: 'log' }, '"log"'],
    ['shouldHandle', { shouldHandle: true }, 'true'],
    ['storage', { storage: {} }, 'an object'],
  ])('%s is refused with its range and its value: %j', (option, options, said) => {
    const make = () => breaker(options as CircuitProtectorOptions)
    expect(make).toThrow(RangeError)
    expect(make).toThrow(new RegExp(`^${option.replace(/[().]/g, '\\$&')} `))
    expect(make).toThrow(said)
  })

  it('of an operator is refused, too', async () => {
    const policy = breaker()
    await expect(policy.isolate({ for: '31d' })).rejects.toThrow(/^for must be/)
    await expect(policy.isolate({ reason: '' })).rejects.toThrow(/^reason must be/)
    await expect(policy.close({ actor: '\ud800' })).rejects.toThrow(/^actor must be/)
    await expect(policy.override('OPEN' as never)).rejects.toThrow(/^override must be/)
    await expect(policy.acquire({ lease: 0 })).rejects.toThrow(/^lease must be/)
  })
})
