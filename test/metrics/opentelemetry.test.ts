import type { Meter } from '@opentelemetry/api'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import type { Hooks } from '../../src/breaker/options.ts'
import { fraction } from '../../src/core/limits.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import { type MeterLike, measuredStorage, openTelemetryHooks } from '../../src/metrics/index.ts'
import { FakeClock, testCircuitStorage } from '../../src/testing/index.ts'
import { broken } from '../dashboard/support.ts'

/** A meter that writes down what its instruments are given. */
function recorder() {
  const made: Record<string, { kind: string; unit: string }> = {}
  const points: { name: string; value: number; attributes: Record<string, unknown> }[] = []
  const instrument =
    (kind: string) =>
    (name: string, { unit }: { unit: string }) => {
      made[name] = { kind, unit }
      const write = (value: number, attributes: Record<string, unknown> = {}) =>
        void points.push({ name, value, attributes })
      return { add: write, record: write }
    }
  const meter: MeterLike = {
    createCounter: instrument('counter'),
    createHistogram: instrument('histogram'),
  }
  const of = (name: string) => points.filter((point) => point.name === `resilient_circuit.${name}`)
  return { meter, made, points, of }
}

const ID = { 'resilient_circuit.resource_key': 'pay', 'resilient_circuit.namespace': 'prod' }

describe('OpenTelemetry hooks', () => {
  const watch = (options: object = {}) => {
    const seen = recorder()
    const clock = new FakeClock()
    const storage = new InMemoryStorage({ clock: clock.now })
    const make = () =>
      new CircuitProtectorPolicy({
        resourceKey: 'pay',
        namespace: 'prod',
        storage,
        failureLimit: fraction(2, 2),
        ...openTelemetryHooks(seen.meter),
        ...options,
      })
    return { ...seen, make, policy: make(), clock }
  }
  const fail = (error: unknown) => () => Promise.reject(error)

  it('fit the meter of @opentelemetry/api, and the options of a breaker', () => {
    expectTypeOf<Meter>().toExtend<MeterLike>()
    expectTypeOf(openTelemetryHooks).returns.toExtend<Hooks>()
  })

  it('count calls and time them, by outcome and kind of error, never by message', async () => {
    const { policy, of } = watch()
    await policy.execute(() => 1)
    await policy.execute(fail(new TypeError('card 4242 declined'))).catch(() => {})
    await policy
      .execute(fail(Object.assign(new Error('x'), { code: 'ECONNRESET' })))
      .catch(() => {})
    const outcome = (outcome: string, more = {}) => ({
      ...ID,
      'resilient_circuit.call.outcome': outcome,
      ...more,
    })
    expect(of('calls').map(({ value, attributes }) => [value, attributes])).toEqual([
      [1, outcome('success')],
      [1, outcome('failure', { 'error.type': 'TypeError' })],
      [1, outcome('failure', { 'error.type': 'ECONNRESET' })],
    ])
    expect(of('call.duration').map(({ attributes }) => attributes)).toEqual(
      of('calls').map(({ attributes }) => attributes),
    )
    expect(of('call.duration').every(({ value }) => value >= 0 && value < 60)).toBe(true)
  })

  it('count rejections, and transitions where they were made alone', async () => {
    const { policy, make, of } = watch()
    const other = make()
    await other.execute(() => 1)
    for (let i = 0; i < 2; i++) await policy.execute(fail(new Error('x'))).catch(() => {})
    await policy.execute(() => 1).catch(() => {})
    await other.execute(() => 1).catch(() => {})
    expect(of('rejections').map(({ attributes }) => attributes)).toEqual([
      {
        ...ID,
        'resilient_circuit.rejection.reason': 'OPEN',
        'resilient_circuit.rejection.enforced': true,
      },
      {
        ...ID,
        'resilient_circuit.rejection.reason': 'OPEN',
        'resilient_circuit.rejection.enforced': true,
      },
    ])
    expect(of('transitions').map(({ attributes }) => attributes)).toEqual([
      {
        ...ID,
        'resilient_circuit.transition.from': 'CLOSED',
        'resilient_circuit.transition.to': 'OPEN',
        'resilient_circuit.transition.cause': 'failure_limit',
      },
    ])
  })

  it('tell what METRICS_ONLY would have rejected from what was', async () => {
    const { policy, of } = watch()
    await policy.open()
    await policy.override('METRICS_ONLY')
    await policy.execute(() => 1)
    expect(of('rejections').map(({ attributes }) => attributes)).toEqual([
      {
        ...ID,
        'resilient_circuit.rejection.reason': 'METRICS_ONLY',
        'resilient_circuit.rejection.enforced': false,
      },
    ])
  })

  it('mark the transitions that an instance made by itself, while the storage did not answer', async () => {
    const { policy, of } = watch({ storage: broken(new Error('gone')), onNotice: () => {} })
    for (let i = 0; i < 2; i++) await policy.execute(fail(new Error('down'))).catch(() => {})
    await policy.flush()
    expect(of('transitions').map(({ attributes }) => attributes)).toEqual([
      {
        ...ID,
        'resilient_circuit.transition.from': 'CLOSED',
        'resilient_circuit.transition.to': 'OPEN',
        'resilient_circuit.transition.cause': 'failure_limit',
        'resilient_circuit.transition.local': true,
      },
    ])
  })

  it('count a storage that stops answering', async () => {
    const { policy, of } = watch({ storage: broken(new Error('gone')), onNotice: () => {} })
    await policy.execute(() => 1)
    await policy.flush()
    expect(of('degradations').map(({ attributes }) => attributes)).toEqual([
      { ...ID, 'resilient_circuit.storage.answers': false },
    ])
  })

  it('never replace the answer of a storage that is measured', async () => {
    const oops = () => {
      throw new Error('mine')
    }
    const meter: MeterLike = {
      createCounter: () => ({ add: oops }),
      createHistogram: () => ({ record: oops }),
    }
    const storage = measuredStorage(new InMemoryStorage(), meter)
    expect((await storage.list()).items).toEqual([])
  })

  it('name everything by the rules: lower case, dots between words that hold others, seconds, units in braces', () => {
    const { made, meter } = recorder()
    openTelemetryHooks(meter)
    measuredStorage(new InMemoryStorage(), meter)
    for (const [name, { kind, unit }] of Object.entries(made)) {
      expect(name).toMatch(/^resilient_circuit(\.[a-z]+(_[a-z]+)*)+$/)
      expect(unit).toMatch(kind === 'histogram' ? /^s$/ : /^\{[a-z]+\}$/)
      expect(name.endsWith('.duration')).toBe(kind === 'histogram')
    }
    expect(Object.keys(made)).toHaveLength(7)
  })
})

describe('a measured storage', () => {
  testCircuitStorage({ describe, it }, async () => ({
    storage: measuredStorage(new InMemoryStorage(), recorder().meter),
    close: async () => {},
  }))

  it('times each operation by its name, and says what kind of error ended it', async () => {
    const { meter, points } = recorder()
    const storage = measuredStorage(new InMemoryStorage(), meter)
    await storage.list()
    await storage.exchange([{ resourceKey: 'k', namespace: 'n' }])
    await expect(storage.list({ limit: 0 })).rejects.toThrow('limit')
    expect(points.map(({ name, attributes }) => [name, attributes])).toEqual([
      [
        'resilient_circuit.storage.operation.duration',
        { 'resilient_circuit.storage.operation': 'list' },
      ],
      [
        'resilient_circuit.storage.operation.duration',
        { 'resilient_circuit.storage.operation': 'exchange' },
      ],
      [
        'resilient_circuit.storage.operation.duration',
        { 'resilient_circuit.storage.operation': 'list', 'error.type': 'INVALID_OPTION' },
      ],
    ])
    expect(points.every(({ value }) => value >= 0 && value < 60)).toBe(true)
  })
})
