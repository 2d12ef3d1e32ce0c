import { describe, expect, it } from 'vitest'
import {
  type CircuitProtectorOptions,
  CircuitProtectorPolicy,
  failureRate,
  fraction,
  InvalidOptionError,
  ProtectedCallError,
  RetryLimitReached,
  RetryWithBackoffPolicy,
  SafetyNet,
} from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { FakeClock } from '../../src/testing/clock.ts'

const down = new Error('down')

/** A breaker whose window holds these outcomes, and a retry around it. */
async function around(outcomes: string, options: CircuitProtectorOptions = {}) {
  const clock = new FakeClock()
  const breaker = new CircuitProtectorPolicy({
    failureLimit: fraction(4, 10),
    runtime: clock,
    ...options,
  })
  for (const outcome of outcomes)
    await breaker.execute(() => outcome === '1' && Promise.reject(down)).catch(() => {})
  const retry = new RetryWithBackoffPolicy({ maxRetries: 2, runtime: clock })
  const net = new SafetyNet({ policies: [retry, breaker] })
  return {
    clock,
    breaker,
    retry,
    net,
    async attempts(policy: { execute(fn: () => never): Promise<never> } = net): Promise<number> {
      let made = 0
      await policy
        .execute(() => {
          made++
          throw down
        })
        .catch(() => {})
      return made
    },
  }
}

describe('a retry around a breaker in a SafetyNet', () => {
  it('repeats while the window is less than half-way to its limit', async () => {
    const { attempts } = await around('1')
    expect(await attempts()).toBe(3)
  })

  it('repeats nothing once the window is half-way to its limit, and says why', async () => {
    const { net, attempts } = await around('0101')
    const error = await net.execute(() => Promise.reject(down)).catch((reason) => reason)
    expect(error).toBeInstanceOf(RetryLimitReached)
    expect(error).toMatchObject({
      reason: 'BREAKER',
      attempts: 1,
      cause: down,
      message: 'the only attempt failed; the breaker is too near its limit for another',
    })
    expect(await attempts()).toBe(1)
  })

  it('takes a call’s own failures for no reason to stop it', async () => {
    const { attempts, breaker } = await around('')
    expect(await attempts()).toBe(3)
    expect(breaker.executionLog.failureCount).toBe(3)
    expect(await attempts()).toBe(1)
  })

  it('looks again after the wait', async () => {
    const { clock, breaker } = await around('')
    const retry = new RetryWithBackoffPolicy({ backoff: { forAttempt: () => 10 }, runtime: clock })
    const net = new SafetyNet({ policies: [retry, breaker] })
    let made = 0
    const call = net
      .execute(() => {
        made++
        throw down
      })
      .catch((error) => error)
    await expect.poll(() => clock.pending).toBe(1)
    for (let others = 0; others < 2; others++)
      await breaker.execute(() => Promise.reject(down)).catch(() => {})
    clock.advance(10)
    expect(await call).toMatchObject({ reason: 'BREAKER', attempts: 1 })
    expect(made).toBe(1)
  })

  it.each([
    ['under the minimum throughput', '1101', 3],
    ['under half of the rate', '0000000001', 3],
    ['at half of the rate', '00000000010', 3],
    ['over half of the rate', '000010001', 1],
  ])('knows a failure rate, too: %s', async (_, outcomes, expected) => {
    const { attempts } = await around(outcomes, {
      failureLimit: failureRate(0.4, { over: '10s', minimumThroughput: 8 }),
    })
    expect(await attempts()).toBe(expected)
  })

  it('repeats no probe', async () => {
    const { clock, breaker, attempts } = await around('', { successLimit: fraction(2, 4) })
    await breaker.open()
    clock.advance('30s')
    expect(await attempts()).toBe(1)
    expect(breaker.status).toBe('HALF_OPEN')
  })

  it('meets the rejection of a breaker that its failure opened, with that failure as the cause', async () => {
    const { net } = await around('', { failureLimit: fraction(1, 1) })
    const error = await net.execute(() => Promise.reject(down)).catch((reason) => reason)
    expect(error).toBeInstanceOf(ProtectedCallError)
    expect(error.cause).toBe(down)
  })

  it.each(['DISABLED', 'METRICS_ONLY'] as const)(
    'repeats as ever while an operator has it %s',
    async (override) => {
      const { breaker, attempts } = await around('11')
      await breaker.override(override)
      expect(await attempts()).toBe(3)
    },
  )

  it('knows of the failures that the rest of the fleet saw', async () => {
    const storage = Object.assign(new InMemoryStorage(), { shared: true })
    const options = { resourceKey: 'api', storage }
    const here = await around('', options)
    const elsewhere = await around('11', options)
    await elsewhere.breaker.flush()
    await here.breaker.refresh()
    expect(here.breaker.executionLog.failureCount).toBe(2)
    expect(await here.attempts()).toBe(1)
  })

  it('finds the breaker in a net within', async () => {
    const { breaker, retry, attempts } = await around('11')
    const inner = new SafetyNet({ policies: [breaker] })
    expect(await attempts(new SafetyNet({ policies: [retry, inner] }))).toBe(1)
  })

  it('has one budget with what it is outside of the net', async () => {
    const { breaker, attempts } = await around('')
    const retry = new RetryWithBackoffPolicy({ maxRetries: 6, runtime: new FakeClock() })
    expect(await attempts(new SafetyNet({ policies: [retry, breaker] }))).toBe(7)
    expect(await attempts(retry)).toBe(5)
  })

  it('does not care where unless is false', async () => {
    const { breaker, attempts } = await around('11')
    const retry = new RetryWithBackoffPolicy({ maxRetries: 1, unless: false })
    expect(await attempts(new SafetyNet({ policies: [retry, breaker] }))).toBe(2)
  })

  it('leaves a class of somebody’s own as it is', async () => {
    const { breaker } = await around('')
    class Own extends RetryWithBackoffPolicy {
      override execute(): Promise<never> {
        return Promise.reject(new Error('mine'))
      }
    }
    const net = new SafetyNet({ policies: [new Own(), breaker] })
    await expect(net.execute(() => 1)).rejects.toThrow('mine')
  })
})

describe('a retry without a SafetyNet', () => {
  it('looks at the breakers that it is told of', async () => {
    const { breaker, attempts } = await around('11')
    for (const unless of [breaker, [breaker]]) {
      const retry = new RetryWithBackoffPolicy({ unless })
      const call = (fn: () => never) => retry.execute(() => breaker.execute(fn))
      expect(await attempts({ execute: call })).toBe(1)
    }
  })

  it.each([true, 'api', {}, [undefined]])('refuses %o for a breaker', (unless) => {
    const make = () => new RetryWithBackoffPolicy({ unless: unless as never })
    expect(make).toThrow(InvalidOptionError)
    expect(make).toThrow('unless must be a breaker, a list of breakers, or false')
  })

  it('repeats no rejection that a client wrapped in an error of its own', async () => {
    const breaker = new CircuitProtectorPolicy()
    await breaker.open()
    let made = 0
    const wrapped = await new RetryWithBackoffPolicy()
      .execute(async () => {
        made++
        await breaker
          .execute(() => 1)
          .catch((cause) => {
            throw new Error('Connection error.', { cause })
          })
      })
      .catch((error) => error)
    expect(wrapped.message).toBe('Connection error.')
    expect(made).toBe(1)
  })
})
