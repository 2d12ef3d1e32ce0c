import { describe, expect, it } from 'vitest'
import type { Transition } from '../../src/core/event.ts'
import type { CircuitState } from '../../src/core/state.ts'
import { ago, span } from '../../src/dashboard/view/format.ts'
import { SCRIPT } from '../../src/dashboard/view/script.ts'
import { stretches } from '../../src/dashboard/view/timeline.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import { FakeClock } from '../../src/testing/index.ts'
import { Reporter } from '../browser/scene.ts'
import { broken, mounted } from './support.ts'

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

  it('begin with the breaker, where that is known', () => {
    expect(stretches([], 'CLOSED', 0, 100, true, 71)).toEqual([
      { status: 'CLOSED', from: 71, to: 100 },
    ])
    const lines = [line(80, 'CLOSED', 'OPEN')]
    expect(stretches(lines, 'OPEN', 0, 100, true, 71)).toEqual([
      { status: 'CLOSED', from: 71, to: 80 },
      { status: 'OPEN', from: 80, to: 100 },
    ])
    expect(stretches(lines, 'OPEN', 0, 100, true, 80)).toEqual([
      { status: 'OPEN', from: 80, to: 100 },
    ])
  })

  it('leave out the time between a removal and the next making of the row', () => {
    const removed = { ...line(40, 'OPEN', 'CLOSED'), cause: 'removed' } as const
    const lines = [line(80, 'CLOSED', 'OPEN'), removed, line(20, 'CLOSED', 'OPEN')]
    expect(stretches(lines, 'OPEN', 0, 100, true, 70)).toEqual([
      { status: 'CLOSED', from: 0, to: 20 },
      { status: 'OPEN', from: 20, to: 40 },
      { status: 'CLOSED', from: 70, to: 80 },
      { status: 'OPEN', from: 80, to: 100 },
    ])
  })

  it('claim nothing of what the log no longer holds', () => {
    expect(stretches([line(40, 'CLOSED', 'OPEN')], 'OPEN', 0, 100, false)).toEqual([
      { status: 'OPEN', from: 40, to: 100 },
    ])
  })
})

describe('the timeline of a breaker', () => {
  const legend = (page: string) => {
    const text = page.split('class="legend"')[1]!.split('</ul>')[0]!
    return text
      .replace(/<svg.*?<\/svg>/gs, '')
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
  }
  const look = async ({ get }: ReturnType<typeof mounted>, range = '24h') =>
    legend(await (await get(`/breaker?key=k&namespace=n&range=${range}`)).text())

  it('shows one that is 29 s old for 29 s, in whichever range', async () => {
    const board = mounted()
    await board.reporter('k', 'n').report('0')
    board.clock.advance(29_000)
    for (const range of ['1h', '24h', '30d'])
      expect(await look(board, range)).toContain('Closed 29 s')
    await board.reporter('k', 'n').report('1')
    board.clock.advance(1_000)
    expect(await look(board)).toMatch(/Open 1 s .*Closed 29 s/)
  })

  it('shows the whole range of one that is older', async () => {
    const board = mounted()
    await board.reporter('k', 'n').report('0')
    board.clock.advance(7 * 86_400_000)
    expect(await look(board)).toContain('Closed 1 d')
  })

  it('ends an open time with its cooldown, though no line of the log does', async () => {
    const board = mounted()
    await board.reporter('k', 'n', { cooldown: '45s' }).report('1')
    board.clock.advance(40_000)
    expect(await look(board)).toMatch(/Open 40 s .*Due –/)
    board.clock.advance(560_000)
    expect(await look(board)).toMatch(/Open 45 s .*Due 9 min 15 s/)
    board.clock.advance(86_400_000)
    expect(await look(board)).toMatch(/Open – .*Due 1 d/)
  })

  it('claims no more than is sure where the storage does not say when the row was made', async () => {
    const clock = new FakeClock()
    const storage = new InMemoryStorage({ clock: clock.now })
    const board = mounted({
      storage: {
        ...broken(new Error()),
        exchange: async (requests) =>
          (await storage.exchange(requests)).map(({ createdAt, ...answer }) => answer),
        history: (query) => storage.history(query),
      },
    })
    const reporter = new Reporter(storage, 'k', 'n', {})
    await reporter.report('0')
    clock.advance(29_000)
    expect(await look(board)).toContain('Closed 29 s')
    await reporter.report('1')
    clock.advance(3 * 86_400_000)
    expect(await look(board)).toMatch(/Open – .*Due 1 d/)
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
