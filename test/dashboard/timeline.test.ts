import { describe, expect, it } from 'vitest'
import type { Transition } from '../../src/core/event.ts'
import type { CircuitState } from '../../src/core/state.ts'
import { ago, span } from '../../src/dashboard/view/format.ts'
import { SCRIPT } from '../../src/dashboard/view/script.ts'
import { stretches } from '../../src/dashboard/view/timeline.ts'

const line = (at: number, from: CircuitState, to: CircuitState): Transition => ({
  resourceKey: 'k',
  namespace: 'n',
  generation: at,
  from,
  to,
  cause: 'failure_limit',
  actor: null,
  reason: null,
  at,
})

describe('the stretches of a timeline', () => {
  it('follow each other from the first moment to the last', () => {
    const lines = [
      line(80, 'HALF_OPEN', 'CLOSED'),
      line(70, 'OPEN', 'HALF_OPEN'),
      line(40, 'CLOSED', 'OPEN'),
    ]
    expect(stretches(lines, 'CLOSED', 0, 100, true)).toEqual([
      { status: 'CLOSED', from: 0, to: 40 },
      { status: 'OPEN', from: 40, to: 70 },
      { status: 'HALF_OPEN', from: 70, to: 80 },
      { status: 'CLOSED', from: 80, to: 100 },
    ])
  })

  it('are one where an order changed no status', () => {
    const lines = [line(60, 'OPEN', 'OPEN'), line(40, 'CLOSED', 'OPEN')]
    expect(stretches(lines, 'OPEN', 0, 100, true)).toEqual([
      { status: 'CLOSED', from: 0, to: 40 },
      { status: 'OPEN', from: 40, to: 100 },
    ])
  })

  it('are the present status where nothing changed', () => {
    expect(stretches([], 'OPEN', 0, 100, true)).toEqual([{ status: 'OPEN', from: 0, to: 100 }])
  })

  it('claim nothing of what the log no longer holds', () => {
    expect(stretches([line(40, 'CLOSED', 'OPEN')], 'OPEN', 0, 100, false)).toEqual([
      { status: 'OPEN', from: 40, to: 100 },
    ])
  })
})

describe('a span of time', () => {
  const cases: [number, string][] = [
    [0, '0 s'],
    [1, '<1 s'],
    [999, '<1 s'],
    [1_000, '1 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [65_000, '1 min 5 s'],
    [3_600_000, '1 h'],
    [8_100_000, '2 h 15 min'],
    [3_600_000 + 59_000, '1 h'],
    [90_000_000, '1 d 1 h'],
  ]

  it.each(cases)('of %i ms is %s', (ms, words) => {
    expect(span(ms)).toBe(words)
  })

  it('is counted down in the same words by the page', () => {
    const source = /const units = .*?\n {2}const local/s
      .exec(SCRIPT)![0]
      .replace(/const local$/, 'return span')
    const inPage: (ms: number) => string = new Function(source)()
    for (const [ms, words] of cases) expect(inPage(ms)).toBe(words)
  })

  it.each([
    [0, 'just now'],
    [-5, 'just now'],
    [1_000, '1 s ago'],
    [119_000, '1 min ago'],
    [7_300_000, '2 h ago'],
  ])('%i ms ago is %s', (ms, words) => {
    expect(ago(ms)).toBe(words)
  })
})
