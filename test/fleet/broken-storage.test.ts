import { beforeEach, describe, expect, it } from 'vitest'
import { fraction } from '../../src/index.ts'
import { Lab, type Network } from './lab.ts'

let lab: Lab
beforeEach(() => {
  lab = new Lab()
})

const sync = () => {
  throw new Error('at once')
}
const snapshotOf = async (changes: object) => {
  const [answer] = await lab.store.exchange([{ resourceKey: 'dependency', namespace: 'default' }])
  return { ...answer!, verdict: 'admitted', snapshot: { ...answer!.snapshot, ...changes } }
}
const both = (answer: () => Promise<unknown>) => () =>
  answer().then((one) => Object.assign([one], one))

/** What a storage does that is none. Each answers `exchange`, `acquire` and `control` alike. */
const broken: [string, () => unknown][] = [
  ['throws at once', sync],
  ['throws undefined', () => Promise.reject(undefined)],
  ['rejects with null', () => Promise.reject(null)],
  ['answers undefined', async () => undefined],
  ['answers undefined, and no promise', () => undefined],
  ['answers no list', async () => ({})],
  ['answers an empty list', async () => []],
  ['answers a list that is too long', async () => [1, 2, 3]],
  ['answers null for a breaker', async () => [null]],
  ['answers without a snapshot', async () => Object.assign([{}], {})],
  ['answers an unknown status', both(() => snapshotOf({ status: 'AJAR' }))],
  ['answers no generation', both(() => snapshotOf({ generation: undefined }))],
  ['answers no log', both(() => snapshotOf({ log: null }))],
  ['answers an open breaker without its end', both(() => snapshotOf({ status: 'OPEN' }))],
  ['answers a half-open one without leases', both(() => snapshotOf({ status: 'HALF_OPEN' }))],
  [
    'answers without transitions',
    both(async () => ({ ...(await snapshotOf({})), transitions: undefined })),
  ],
  ['answers a then that throws', () => Object.defineProperty({}, 'then', { get: sync })],
]

describe.each(broken)('a storage that %s', (_, answer) => {
  it.each(['strong', { maxStaleness: '5s' }] as const)('fails no call: %o', async (consistency) => {
    const degraded: unknown[] = []
    const { policy, network } = lab.breaker({
      consistency,
      failureLimit: fraction(2, 2),
      onDegraded: (_policy, error) => void degraded.push(error),
      onNotice: () => {},
    })
    const operate = answer as Network['exchange'] & Network['acquire'] & Network['control']
    Object.assign(network, { exchange: operate, acquire: operate, control: operate })
    expect(await lab.callWithin(0, policy)).toBe('value')
    expect(await lab.callWithin(0, policy, 'fails')).toBe('failed')
    expect(await lab.callWithin(0, policy, 'fails')).toBe('failed')
    // It is a failed operation: the breaker goes on by itself.
    expect(await lab.callWithin(0, policy)).toBe('OPEN')
    expect(degraded).toHaveLength(1)
    expect(degraded[0]).toBeInstanceOf(Error)
    const permit = await policy.acquire().catch((error) => error)
    expect(permit).toMatchObject({ code: 'PROTECTED_CALL' })
    for (const order of [() => policy.refresh(), () => policy.close()])
      await expect(order()).rejects.toBeInstanceOf(Error)
    await lab.pass(60_000)
  })
})
