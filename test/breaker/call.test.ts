import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import {
  asCockatiel,
  type CallResult,
  CallTimeoutError,
  type CircuitProtectorOptions,
  CircuitProtectorPolicy,
  failureRate,
  fraction,
  type Notice,
  RetryWithBackoffPolicy,
  SafetyNet,
} from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/index.ts'

function bench(options: CircuitProtectorOptions = {}) {
  const clock = new FakeClock()
  const notices: Notice[] = []
  const policy = new CircuitProtectorPolicy({
    failureLimit: fraction(2, 2),
    runtime: clock,
    onNotice: (notice) => notices.push(notice),
    ...options,
  })
  const log = () => [...policy.executionLog].map((success) => (success ? '0' : '1')).join('')
  return { clock, notices, policy, log }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))
const boom = new Error('boom')

describe('what is no function', () => {
  const policies = {
    'a breaker': () => bench().policy,
    'a retry': () => new RetryWithBackoffPolicy(),
    'a safety net': () => new SafetyNet({ policies: [bench().policy] }),
  }
  for (const [name, make] of Object.entries(policies)) {
    it.each([undefined, null, 'text', {}])(
      `${name} refuses before anything is counted: %s`,
      async (fn) => {
        await expect(make().execute(fn as never)).rejects.toThrow(TypeError)
        expect(() => make().wrap(fn as never)).toThrow(TypeError)
      },
    )
  }

  it('leaves no outcome', async () => {
    const { policy, log } = bench()
    await expect(policy.execute(undefined as never)).rejects.toThrow(TypeError)
    expect(log()).toBe('')
  })

  it.each([async function* () {}, function* () {}])(
    'and a generator function is refused: %s',
    (fn) => {
      const { policy } = bench()
      expect(() => policy.wrap(fn as never)).toThrow('acquire()')
    },
  )
})

describe('a time limit', () => {
  it('leaves no timer behind a call that ends in time, however it ends', async () => {
    const { clock, policy } = bench({ timeout: '1h', failureLimit: fraction(9, 9) })
    const caller = new AbortController()
    await policy.execute(() => 1)
    await policy.execute(async () => 1, caller.signal)
    await policy.execute(() => Promise.reject(boom)).catch(() => {})
    await policy
      .execute(() => {
        throw boom
      })
      .catch(() => {})
    expect(clock.pending).toBe(0)
  })

  it('leaves no listener at the caller’s signal', async () => {
    const { policy } = bench({ timeout: '1h' })
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    await policy.execute(() => 1, signal)
    expect(removed).toHaveBeenCalledTimes(added.mock.calls.length)
  })

  it('gives up a call at its end, as a failure', async () => {
    const { clock, policy, log } = bench({ timeout: '50ms' })
    const call = policy.execute(() => new Promise(() => {}))
    await turn()
    clock.advance(49)
    await turn()
    expect(log()).toBe('')
    clock.advance(1)
    await expect(call).rejects.toBeInstanceOf(CallTimeoutError)
    expect(log()).toBe('1')
  })

  const script = (body: string) =>
    promisify(execFile)(
      process.execPath,
      [
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        `import { CircuitProtectorPolicy } from './src/index.ts'\n${body}`,
      ],
      { cwd: new URL('../..', import.meta.url) },
    )

  it('ends no process: a function that throws at once, a later abort', async () => {
    const { stdout } = await script(`
      const policy = new CircuitProtectorPolicy({ timeout: 20, failureLimit: { numerator: 9, denominator: 9 } })
      const caller = new AbortController()
      const fail = () => { throw new Error('boom') }
      for (const call of [() => policy.execute(fail), () => policy.wrap(fail)(), () => policy.execute(fail, caller.signal), () => policy.execute(undefined)])
        await call().catch(() => {})
      caller.abort()
      setTimeout(() => console.log('alive'), 60)`)
    expect(stdout).toBe('alive\n')
  })

  it('keeps a process alive that waits for nothing else', async () => {
    const { stdout } = await script(`
      const policy = new CircuitProtectorPolicy({ timeout: 50 })
      policy.execute(() => new Promise(() => {})).catch((error) => console.log(error.code))`)
    expect(stdout).toBe('CALL_TIMEOUT\n')
  })
})

describe('a waitUntil or background that fails', () => {
  const broken = {
    throws: () => {
      throw new TypeError('Illegal invocation')
    },
    rejects: () => Promise.reject(new Error('later')),
  }
  for (const [how, keep] of Object.entries(broken)) {
    it(`harms no call, frees a probe's place, and is told once: it ${how}`, async () => {
      const { clock, notices, policy } = bench({ cooldown: '1s', successLimit: fraction(1, 1) })
      const call = { waitUntil: keep as () => void }
      for (let i = 0; i < 2; i++)
        await policy.execute(() => Promise.reject(boom), call).catch(() => {})
      expect(policy.status).toBe('OPEN')
      clock.advance('1s')
      expect(await policy.execute(() => 'well', call)).toBe('well')
      expect(policy.status).toBe('CLOSED')
      await turn()
      expect(notices.filter(({ code }) => code === 'HOOK_FAILED')).toHaveLength(1)
    })

    it(`is no matter for a breaker's own background: it ${how}`, async () => {
      const { policy, notices } = bench({ background: keep as () => void })
      await expect(policy.execute(() => Promise.reject(boom))).rejects.toBe(boom)
      await policy.flush()
      await turn()
      expect(notices.length).toBeLessThanOrEqual(1)
    })
  }
})

describe('how long a call took', () => {
  it('is the time of the function alone, by a clock that does not step', async () => {
    const durations: number[] = []
    const clock = new FakeClock()
    const storage = new InMemoryStorage({ clock: clock.now })
    const slow = Object.assign(Object.create(storage), {
      acquire: async (...args: Parameters<InMemoryStorage['acquire']>) => {
        clock.advance(120)
        return storage.acquire(...args)
      },
    })
    const policy = new CircuitProtectorPolicy({
      storage: slow,
      runtime: clock,
      slowCallDuration: '50ms',
      failureLimit: fraction(2, 2),
      onOutcome: (_, { durationMs, slow }) => durations.push(slow ? -1 : durationMs),
    })
    await policy.execute(() => 1)
    await policy.execute(() => void clock.stepBack('1h'))
    await policy.execute(() => void clock.advance(30))
    expect(durations).toEqual([0, 0, 30])
  })
})

describe('an abort', () => {
  const aborted = (reason: unknown) => {
    const controller = new AbortController()
    const fn = async () => {
      controller.abort(reason)
      throw new Error('heeded')
    }
    return [fn, controller.signal] as const
  }

  it('of the caller is ignored, and of a time limit from outside a failure', async () => {
    const { policy, log } = bench({ failureLimit: fraction(9, 9) })
    await policy.execute(...aborted(undefined)).catch(() => {})
    expect(log()).toBe('')
    await policy.execute(...aborted(new DOMException('over', 'TimeoutError'))).catch(() => {})
    expect(log()).toBe('1')
  })

  it('opens the breaker where the time limit from outside runs out again and again', async () => {
    const { policy } = bench({ failureLimit: fraction(3, 3) })
    const over = new DOMException('over', 'TimeoutError')
    for (let i = 0; i < 3; i++) await policy.execute(...aborted(over)).catch(() => {})
    expect(policy.status).toBe('OPEN')
  })

  it.each([undefined, new DOMException('over', 'TimeoutError')])(
    'is shown to classify: %s',
    async (reason) => {
      const classify = vi.fn((_: CallResult) => 'success' as const)
      const { policy, log } = bench({ classify })
      await policy.execute(...aborted(reason)).catch(() => {})
      expect(classify).toHaveBeenCalledTimes(1)
      expect(log()).toBe('0')
    },
  )
})

describe('a classify that answers something else', () => {
  it.each([
    Promise.resolve('failure'),
    true,
    'fail',
    7,
    { outcome: 'bad' },
    { outcome: 'failure', retryAfterMs: -1 },
  ])('leaves it to the default rules, and is told of: %s', async (answer) => {
    const { policy, notices, log } = bench({ classify: () => answer as never })
    await policy.execute(() => Promise.reject(boom)).catch(() => {})
    expect(log()).toBe('1')
    expect(notices.map(({ code }) => code)).toEqual(['HOOK_FAILED'])
  })
})

describe('one clock', () => {
  it('drives a breaker without a storage: its cooldown ends by it', async () => {
    const { clock, policy } = bench({ cooldown: '10s', failureLimit: fraction(1, 1) })
    await policy.execute(() => Promise.reject(boom)).catch(() => {})
    await expect(policy.execute(() => 1)).rejects.toMatchObject({ retryAfterMs: 10_000 })
    clock.advance('10s')
    expect(await policy.execute(() => 'well')).toBe('well')
  })

  it('may be installed after the breaker was made', async () => {
    const policy = new CircuitProtectorPolicy({ cooldown: '10s' })
    vi.useFakeTimers()
    try {
      await policy.execute(() => Promise.reject(boom)).catch(() => {})
      vi.setSystemTime(Date.now() + 10_000)
      expect(await policy.execute(() => 'well')).toBe('well')
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the execution log of a failure rate', () => {
  it('holds what the rule judges by, and nothing older', async () => {
    const { clock, policy, log } = bench({
      failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 5 }),
    })
    for (let i = 0; i < 3; i++) await policy.execute(() => Promise.reject(boom)).catch(() => {})
    expect(policy.executionLog).toMatchObject({ length: 3, failureRate: 1, isFull: false })
    clock.advance('11s')
    expect(policy.executionLog).toMatchObject({ length: 0, failureRate: 0 })
    await policy.execute(() => 1)
    expect(log()).toBe('0')
  })

  it('counts more than the thousand outcomes that a row keeps', async () => {
    const { policy } = bench({ failureLimit: failureRate(0.9, { over: '10s' }) })
    for (let i = 0; i < 3_000; i++)
      await policy.execute(() => (i % 3 === 2 ? Promise.reject(boom) : 1)).catch(() => {})
    expect(policy.executionLog).toMatchObject({ length: 3_000, failureCount: 1_000, isFull: true })
    expect([...policy.executionLog]).toHaveLength(3_000)
  })

  it('of an open breaker shows what opened it, and nothing older', async () => {
    const { clock, policy, log } = bench({
      failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 3 }),
    })
    for (let i = 0; i < 5; i++) await policy.execute(() => 1)
    clock.advance('1h')
    for (const fails of [true, false, true])
      await policy.execute(() => (fails ? Promise.reject(boom) : 1)).catch(() => {})
    expect(policy.status).toBe('OPEN')
    expect(log()).toBe('101')
  })
})

describe('cockatiel’s policies', () => {
  it('meet a time limit that stands inside the breaker as a failure', async () => {
    const { clock, policy, log } = bench({ timeout: '5ms' })
    const call = asCockatiel(policy).execute(() => new Promise(() => {}))
    await turn()
    clock.advance(5)
    await expect(call).rejects.toBeInstanceOf(CallTimeoutError)
    expect(log()).toBe('1')
  })
})
