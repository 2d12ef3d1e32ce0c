import { describe, expect, it } from 'vitest'
import type { Transition } from '../../src/index.ts'
import { type Evidence, judge } from '../../worker-example/demo/verdict.ts'

const PATH = ['CLOSED', 'OPEN', 'HALF_OPEN', 'OPEN', 'HALF_OPEN', 'CLOSED'] as const

/** Second by second: broken at 1, open at 2, a probe at 5, open again, probes at 9, closed at 10. */
const transitions = [2, 5, 6, 9, 10].map(
  (second, i): Transition => ({
    resourceKey: 'payment_service',
    namespace: 'default',
    generation: i + 1,
    from: PATH[i]!,
    to: PATH[i + 1]!,
    cause: 'failure_limit',
    actor: null,
    reason: null,
    at: second * 1_000,
  }),
)
const hit = (second: number) => ({ at: second * 1_000, caller: 'a', dead: second < 7 })
const visit = (second: number, instance: string, answer: 'paid' | 'rejected') => ({
  at: second * 1_000,
  instance,
  answer,
  dead: false,
})
const good: Evidence = {
  names: ['a', 'b'],
  transitions,
  hits: [1.5, 2.1, 5.1, 9.1, 9.2, 11].map(hit),
  visits: ['a', 'b'].flatMap((name) => [visit(3, name, 'rejected'), visit(11, name, 'paid')]),
  brokenAt: 1_000,
}
const rights = (evidence: Partial<Evidence>) =>
  judge({ ...good, ...evidence }).map(({ right }) => right)

describe("the demonstration's verdict", () => {
  it('is good where all was as promised', () => {
    expect(judge(good)).toEqual([
      {
        right: true,
        text: 'one breaker for all took one way: CLOSED > OPEN > HALF_OPEN > OPEN > HALF_OPEN > CLOSED',
      },
      { right: true, text: 'all 2 instances stopped calling: a after 2.0 s and b after 2.0 s' },
      { right: true, text: 'probes that went out while half open: 1 and 2; allowed each time: 2' },
      { right: true, text: 'it closed again, and all instances pay' },
    ])
  })

  it.each([
    ['the breaker never opened', { transitions: [] }, [false, false, false, false]],
    [
      'a step was taken twice',
      { transitions: transitions.flatMap((line) => [line, line]) },
      [false, true, false, true],
    ],
    [
      'an instance never stopped',
      { visits: good.visits.filter(({ at, instance }) => at > 4_000 || instance === 'a') },
      [true, false, true, true],
    ],
    ['an instance went on calling', { hits: [...good.hits, hit(4.5)] }, [true, false, true, true]],
    ['a probe too many went out', { hits: [...good.hits, hit(9.3)] }, [true, true, false, true]],
    [
      'a call went out between the probes',
      { hits: [...good.hits, hit(7), hit(8)] },
      [true, true, false, true],
    ],
    ['it did not close', { transitions: transitions.slice(0, -1) }, [false, true, false, false]],
    [
      'an instance did not notice that it closed',
      { visits: good.visits.filter(({ at, instance }) => at < 4_000 || instance === 'a') },
      [true, true, true, false],
    ],
  ])('is bad where %s', (_, evidence, expected) => {
    expect(rights(evidence)).toEqual(expected)
  })
})
