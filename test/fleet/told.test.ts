import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { StatusChange } from '../../src/breaker/listener.ts'
import type { CircuitProtectorOptions, CircuitProtectorPolicy } from '../../src/index.ts'
import { fraction } from '../../src/index.ts'
import { answerLost, Lab, late, refused } from './lab.ts'

interface Told extends StatusChange {
  readonly from: string
  readonly to: string
}

let lab: Lab
beforeEach(() => {
  lab = new Lab()
})

const watched = (options: CircuitProtectorOptions = {}) => {
  const told: Told[] = []
  const made = lab.breaker({
    onStatusChange: (_, from, to, change) => void told.push({ from, to, ...change }),
    ...options,
  })
  const words = () =>
    told.map(({ from, to, origin, local }) => `${from} -> ${to} ${origin}${local ? ' local' : ''}`)
  return { ...made, told, words }
}

describe('while the storage does not answer', () => {
  it('each change that a breaker makes by itself is told, and marked as local', async () => {
    const { policy, network, told, words } = watched({ failureLimit: fraction(2, 2) })
    network.usual = refused()
    for (let i = 0; i < 3; i++) await lab.call(policy, 'fails')
    await lab.pass(15_000)
    await lab.call(policy)
    await lab.pass(0)
    expect(words()).toEqual([
      'CLOSED -> OPEN self local',
      'OPEN -> HALF_OPEN self local',
      'HALF_OPEN -> CLOSED self local',
    ])
    expect(told.map(({ cause }) => cause)).toEqual([
      'failure_limit',
      'cooldown_over',
      'probes_succeeded',
    ])
  })

  it('a local opening ends as a local change, where the storage was closed all along', async () => {
    await lab.othersReport('0000')
    const { policy, network, words } = watched()
    await lab.call(policy)
    network.usual = refused()
    await lab.call(policy, 'fails')
    await lab.pass(0)
    await lab.call(policy, 'fails')
    await lab.pass(31_000)
    network.usual = (proceed) => proceed()
    await lab.breaker().policy.refresh()
    await policy.refresh()
    await lab.pass(0)
    expect(words().slice(0, 2)).toEqual(['CLOSED -> OPEN self local', 'OPEN -> CLOSED self local'])
  })
})

describe('a report whose answer is lost, and that is sent again', () => {
  it.each([
    // This isolate does not know yet that another one saw a failure.
    ['the storage', async () => lab.othersReport('1')],
    ['this isolate', async (policy: CircuitProtectorPolicy) => lab.call(policy, 'fails')],
  ] as const)('is told of its trip once, where %s is the first to see it', async (_, first) => {
    await lab.othersReport('0000')
    const { policy, network, words } = watched({ reporters: 1 })
    await lab.call(policy)
    await first(policy)
    await lab.pass(100)
    network.next(answerLost)
    await lab.call(policy, 'fails')
    for (let i = 0; i < 20; i++) {
      await lab.pass(200)
      await lab.call(policy)
    }
    expect(words().map((text) => text.replace(' local', ''))).toEqual(['CLOSED -> OPEN self'])
    expect((await lab.store.history()).items.map(({ to }) => to)).toEqual(['OPEN'])
  })
})

type Step =
  | { readonly kind: 'call'; readonly isolate: number; readonly fails: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'fate'; readonly isolate: number; readonly fate: number }
  | { readonly kind: 'order'; readonly isolate: number; readonly order: number }

const isolate = fc.nat(2)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('call' as const), isolate, fails: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.constantFrom(0, 20, 300, 1_500, 6_000, 12_000, 40_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('fate' as const), isolate, fate: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('order' as const), isolate, order: fc.nat(2) }),
  },
)

const ORDERS = [
  (policy: CircuitProtectorPolicy) => policy.open(),
  (policy: CircuitProtectorPolicy) => policy.close(),
  (policy: CircuitProtectorPolicy) => policy.isolate({ for: '5s' }),
] as const

/** A permit is asked for; a read that is sent later is answered before it, with what was before. */
const ACQUIRED_LATE: Step[] = [
  { kind: 'call', isolate: 1, fails: false },
  { kind: 'fate', isolate: 1, fate: 0 },
  { kind: 'order', isolate: 0, order: 0 },
  { kind: 'pass', ms: 12_000 },
  { kind: 'call', isolate: 1, fails: false },
  { kind: 'fate', isolate: 1, fate: 2 },
  { kind: 'pass', ms: 6_000 },
  ...Array.from({ length: 10 }, () => ({ kind: 'call', isolate: 0, fails: false }) as const),
]

describe('what instances are told', () => {
  it('chains up, and is a path through what the history has, whatever answers are lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        lab = new Lab()
        const fates = [answerLost, refused(), late(lab, 700)] as const
        const isolates = [0, 1, 2].map(() => watched({ failureLimit: fraction(1, 2) }))
        for (const each of steps) {
          if (each.kind === 'pass') await lab.pass(each.ms)
          else if (each.kind === 'fate') isolates[each.isolate]!.network.next(fates[each.fate]!)
          else if (each.kind === 'order')
            void ORDERS[each.order]!(isolates[each.isolate]!.policy).catch(() => {})
          else void lab.call(isolates[each.isolate]!.policy, each.fails ? 'fails' : 'ok')
        }
        await lab.pass(60_000)
        const history = (await lab.store.history({ limit: 1_000 })).items
        const happened = new Map(history.map((line) => [line.generation, line]))
        const own = new Set<number>()
        for (const { told } of isolates) {
          told.slice(1).forEach((change, i) => {
            expect(change.from).toBe(told[i]!.to)
          })
          let last = -1
          for (const change of told) {
            expect(change.from).not.toBe(change.to)
            if (change.local) continue
            expect(change.generation).toBeGreaterThan(last)
            last = change.generation
            expect(happened.get(change.generation)?.to).toBe(change.to)
            if (change.origin !== 'self') continue
            expect(own.has(change.generation)).toBe(false)
            own.add(change.generation)
          }
        }
      }),
      { numRuns: 150, examples: [[ACQUIRED_LATE]] },
    )
  })
})
