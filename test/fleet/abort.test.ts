import { Hono } from 'hono'
import { beforeEach, describe, expect, it } from 'vitest'
import type { CallOptions } from '../../src/breaker/call.ts'
import type { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import type { Runtime } from '../../src/breaker/runtime.ts'
import { protectFetch } from '../../src/fetch/index.ts'
import { circuitBreaker } from '../../src/hono/index.ts'
import { hangs, Lab, late, type Network } from './lab.ts'

let lab: Lab
let called: number
beforeEach(() => {
  lab = new Lab()
  called = 0
})

/** Half-open, all places free. */
const halfOpen = async () => {
  await lab.othersReport('0011')
  await lab.pass(10_000)
  const prober = lab.breaker({ consistency: 'strong' }).policy
  await (await prober.acquire()).release()
}

const PLACES = 4

/** How many probes others may send. */
const freePlaces = async (): Promise<number> => {
  const others = lab.breaker({ consistency: 'strong' }).policy
  let free = 0
  while (
    await others.acquire().then(
      ({ probe }) => probe,
      () => false,
    )
  )
    free++
  return free
}

/** A call whose caller goes away: what came of it, and when. */
const abortable = (policy: CircuitProtectorPolicy, options: CallOptions = {}) => {
  const controller = new AbortController()
  const seen: { result?: unknown; at?: number } = {}
  const settle = (result: unknown) => {
    seen.result = result
    seen.at = lab.elapsed
  }
  const fn = () => {
    called++
    return 'value'
  }
  void policy.execute(fn, { ...options, signal: controller.signal }).then(settle, settle)
  return { seen, abort: () => controller.abort('gone') }
}

describe.each(['strong', { maxStaleness: '5s' }] as const)('with consistency %j', (consistency) => {
  /** With operations of 100 ms, when the storage is asked for a place: at once, or after a read. */
  const whileAsked = consistency === 'strong' ? 50 : 150

  it('a call whose caller goes away while its admission waits ends at once, and is not made', async () => {
    const { policy, network } = lab.breaker({ consistency })
    network.usual = hangs
    const { seen, abort } = abortable(policy)
    await lab.pass(100)
    const at = lab.elapsed
    abort()
    await lab.pass(0)
    expect(seen).toEqual({ result: 'gone', at })
    await lab.pass(10_000)
    expect(called).toBe(0)
  })

  it('gives the place of a probe back that it is granted after that', async () => {
    await halfOpen()
    const kept: Promise<unknown>[] = []
    const { policy, network } = lab.breaker({ consistency })
    network.usual = late(lab, 100)
    const { seen, abort } = abortable(policy, { waitUntil: (work) => void kept.push(work) })
    await lab.pass(whileAsked)
    const at = lab.elapsed
    abort()
    await lab.pass(0)
    expect(seen).toEqual({ result: 'gone', at })
    await lab.pass(1_000)
    await Promise.all(kept)
    expect(called).toBe(0)
    expect(await freePlaces()).toBe(PLACES)
  })

  it('does the same for a permit', async () => {
    await halfOpen()
    const { policy, network } = lab.breaker({ consistency })
    network.usual = late(lab, 100)
    const controller = new AbortController()
    const failed = policy.acquire({ signal: controller.signal }).catch((reason) => reason)
    await lab.pass(whileAsked)
    controller.abort('gone')
    expect(await failed).toBe('gone')
    await lab.pass(1_000)
    expect(await freePlaces()).toBe(PLACES)
  })
})

it('a call whose caller goes away while it follows the read of another ends at once', async () => {
  const { policy, network } = lab.breaker()
  network.usual = late(lab, 200)
  const first = lab.call(policy)
  const { seen, abort } = abortable(policy)
  await lab.pass(50)
  const at = lab.elapsed
  abort()
  await lab.pass(0)
  expect(seen).toEqual({ result: 'gone', at })
  await lab.pass(300)
  expect(await first).toBe('value')
  expect(called).toBe(0)
  expect(network.sent.filter(({ outcomes }) => outcomes[0] === null)).toHaveLength(1)
})

it('keeps its result where its caller goes away while it waits for its report, and waits no longer', async () => {
  const { policy, network } = lab.breaker({ consistency: 'strong' })
  network.next((proceed) => proceed(), late(lab, 300))
  const { seen, abort } = abortable(policy)
  await lab.pass(100)
  expect(seen).toEqual({})
  const at = lab.elapsed
  abort()
  await lab.pass(0)
  expect(seen).toEqual({ result: 'value', at })
  await lab.pass(300)
  expect(await lab.log()).toBe('0')
})

it('leaves no listener on the signal of a caller', async () => {
  const { policy, network } = lab.breaker({ consistency: 'strong' })
  network.usual = late(lab, 20)
  const { signal } = new AbortController()
  let listeners = 0
  const [add, remove] = [signal.addEventListener, signal.removeEventListener]
  signal.addEventListener = (...args: unknown[]) => {
    listeners++
    ;(add as (...args: unknown[]) => void).apply(signal, args)
  }
  signal.removeEventListener = (...args: unknown[]) => {
    listeners--
    ;(remove as (...args: unknown[]) => void).apply(signal, args)
  }
  const done = policy.execute(() => 'value', signal)
  await lab.pass(100)
  expect(await done).toBe('value')
  expect(listeners).toBe(0)
})

describe.each([
  [
    'a protected fetch',
    (storage: Network, runtime: Runtime, fn: () => Response, signal: AbortSignal) =>
      protectFetch({ storage, runtime })((async () => fn()) as typeof fetch)(
        'https://dependency/',
        { signal },
      ),
  ],
  [
    'a route',
    async (storage: Network, runtime: Runtime, fn: () => Response, signal: AbortSignal) =>
      new Hono()
        .get('/', circuitBreaker({ storage, runtime, resourceKey: 'dependency' }), () => fn())
        .request('/', { signal }),
  ],
] as const)('%s', (what, request) => {
  it('is not reached for a client that goes away while the storage is asked', async () => {
    const { network, runtime } = lab.breaker()
    network.usual = hangs
    const controller = new AbortController()
    let result: unknown
    const reach = () => {
      called++
      return new Response('value')
    }
    void request(network, runtime, reach, controller.signal).then(
      ({ status }) => (result = status),
      (reason) => (result = reason),
    )
    await lab.pass(100)
    controller.abort('gone')
    await lab.pass(0)
    expect(result).toBe(what === 'a route' ? 499 : 'gone')
    await lab.pass(10_000)
    expect(called).toBe(0)
  })
})
