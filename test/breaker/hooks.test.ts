import { beforeEach, describe, expect, it } from 'vitest'
import type { Notice } from '../../src/breaker/notice.ts'
import {
  asCockatiel,
  type CircuitProtectorOptions,
  CircuitProtectorPolicy,
  fraction,
  RetryWithBackoffPolicy,
} from '../../src/index.ts'
import { InMemoryStorage } from '../../src/storage.ts'
import { Lab } from '../fleet/lab.ts'

const HANGS = () => new Promise(() => {})
const down = new Error('down')
const fails = () => Promise.reject(down)

let notices: string[]
const onNotice = ({ message }: Notice) => void notices.push(message)
beforeEach(() => {
  notices = []
})

const breaker = (options: CircuitProtectorOptions = {}) =>
  new CircuitProtectorPolicy({ resourceKey: 'payments', onNotice, ...options })

describe('a hook', () => {
  const orders: [string, (policy: CircuitProtectorPolicy) => Promise<unknown>][] = [
    ['isolate', (p) => p.isolate()],
    ['open', (p) => p.open()],
    ['close', (p) => p.close()],
    ['reset', (p) => p.reset()],
    ['override', (p) => p.override('METRICS_ONLY')],
    ['refresh', (p) => p.refresh()],
    ['flush', (p) => p.flush()],
    ['dispose', (p) => p.dispose()],
    ['execute', (p) => p.execute(() => 1).catch(() => {})],
  ]

  it.each(orders)('may call %s of its breaker and wait for it', async (_, order) => {
    for (const name of ['onStatusChange', 'onOutcome', 'onReject'] as const) {
      for (const background of ['float', 'await'] as const) {
        let entered = false
        let ended: (() => void) | undefined
        const over = new Promise<void>((resolve) => {
          ended = resolve
        })
        const policy: CircuitProtectorPolicy = breaker({
          background,
          storage: new InMemoryStorage(),
          [name]: async (own: CircuitProtectorPolicy) => {
            if (entered) return
            entered = true
            await order(own)
            ended?.()
          },
        })
        await policy.execute(fails).catch(() => {})
        await policy.execute(() => 1).catch(() => {})
        await over
        await policy.flush()
        await policy.dispose()
      }
    }
    expect(notices).toEqual([])
  })

  it('that hangs holds neither calls nor commands, flush, or dispose', async () => {
    const lab = new Lab()
    const { policy } = lab.breaker({
      failureLimit: fraction(1, 1),
      consistency: 'strong',
      onStatusChange: HANGS,
      onOutcome: HANGS,
      onReject: HANGS,
    })
    const done: string[] = []
    const work = (async () => {
      done.push(await lab.call(policy, 'fails'), await lab.call(policy))
      await policy.isolate()
      await policy.flush()
      await policy.dispose()
      done.push('disposed')
    })()
    await lab.pass(0)
    expect(done).toEqual(['failed', 'OPEN', 'disposed'])
    await work
  })

  it("is kept alive by the call's waitUntil, for five seconds at most", async () => {
    const lab = new Lab()
    const kept: Promise<unknown>[] = []
    const { policy } = lab.breaker({ failureLimit: fraction(1, 1), onOutcome: HANGS })
    await policy.execute(fails, { waitUntil: (work) => void kept.push(work) }).catch(() => {})
    let ended = false
    void Promise.all(kept).then(() => {
      ended = true
    })
    await lab.pass(4_999)
    expect(ended).toBe(false)
    await lab.pass(1)
    expect(ended).toBe(true)
  })

  it("keeps one call waiting where background is 'await', and not the next ones", async () => {
    const lab = new Lab()
    const { policy } = lab.breaker({
      background: 'await',
      storage: new InMemoryStorage(),
      onOutcome: HANGS,
    })
    expect(await lab.callWithin(499, policy)).toBe('still waiting')
    await lab.pass(1)
    for (let i = 0; i < 3; i++) expect(await lab.callWithin(0, policy)).toBe('value')
  })
})

describe("a user's function that fails", () => {
  const failing: [string, () => unknown][] = [
    [
      'throws',
      () => {
        throw new Error('mine')
      },
    ],
    ['rejects', () => Promise.reject(new Error('mine'))],
    [
      'answers what throws at then',
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: that is what is tried
        then() {
          throw new Error('mine')
        },
      }),
    ],
  ]

  it.each(failing)('never replaces a result, and is reported: it %s', async (_, oops) => {
    const options = Object.fromEntries(
      ['shouldHandle', 'classify', 'onStatusChange', 'onReject', 'onOutcome', 'onWouldReject'].map(
        (name) => [name, oops],
      ),
    )
    const policy = breaker(options as CircuitProtectorOptions)
    await expect(policy.execute(fails)).rejects.toBe(down)
    await expect(policy.execute(() => 1)).rejects.toMatchObject({ reason: 'OPEN' })
    await policy.override('METRICS_ONLY')
    expect(await policy.execute(() => 1)).toBe(1)
    const retry = new RetryWithBackoffPolicy({ maxRetries: 1, onNotice, onRetry: oops })
    await expect(retry.execute(fails)).rejects.toMatchObject({ cause: down })
    const adapted = asCockatiel(new RetryWithBackoffPolicy(), { onNotice })
    adapted.onSuccess(oops)
    adapted.onFailure(oops)
    expect(await adapted.execute(() => 2)).toBe(2)
    await policy.settled()
    for (const name of ['shouldHandle', 'classify', 'onStatusChange', 'onReject', 'onOutcome'])
      expect(notices.some((message) => message.startsWith(name))).toBe(true)
    for (const name of ['onRetry', 'onSuccess'])
      expect(notices.some((message) => message.startsWith(name))).toBe(true)
  })

  it.each(failing)('may be onNotice itself: it %s', async (_, oops) => {
    const policy = breaker({ onNotice: oops, onOutcome: oops as () => unknown })
    expect(await policy.execute(() => 1)).toBe(1)
  })
})
