import { describe, expect, it } from 'vitest'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { sharedLine } from '../../src/storage.ts'
import { equal, matches, ok, rejection } from '../../src/testing/assert.ts'
import { FakeClock, testCircuitStorage } from '../../src/testing/index.ts'

/** Runs the suite as a test runner would, and tells the titles of what failed. */
async function failuresOf(
  makeStorage: (clock: FakeClock) => CircuitStorage,
): Promise<{ failed: string[]; run: number; open: number }> {
  const cases: [string, () => Promise<void>][] = []
  let open = 0
  testCircuitStorage(
    { describe: (_, body) => body(), it: (title, body) => cases.push([title, body]) },
    async () => {
      const clock = new FakeClock()
      open++
      return {
        storage: makeStorage(clock),
        advance: (ms) => clock.advance(ms),
        close: async () => void open--,
      }
    },
  )
  const failed: string[] = []
  for (const [title, body] of cases) await body().catch(() => failed.push(title))
  return { failed, run: cases.length, open }
}

describe('the storage suite', () => {
  it('passes a right storage, and closes what it opened', async () => {
    const { failed, run, open } = await failuresOf(
      (clock) => new InMemoryStorage({ clock: clock.now }),
    )
    expect({ failed, open }).toEqual({ failed: [], open: 0 })
    expect(run).toBeGreaterThan(60)
  })

  it('closes the storage of a case that fails', async () => {
    const { failed, run, open } = await failuresOf(() => {
      const broken = async () => Promise.reject(new Error('no'))
      return {
        shared: false,
        line: sharedLine,
        exchange: broken,
        acquire: broken,
        control: broken,
        list: broken,
        history: broken,
        prune: broken,
        remove: broken,
      }
    })
    expect([failed.length, open]).toEqual([run, 0])
  })

  it('finds a storage that keeps no flush ids', async () => {
    class Forgetful extends InMemoryStorage {
      override async exchange(...[requests, options]: Parameters<InMemoryStorage['exchange']>) {
        const fresh = requests.map(({ report, ...id }) => ({
          ...id,
          ...(report && { report: { ...report, flushId: Math.floor(Math.random() * 2 ** 31) } }),
        }))
        return super.exchange(fresh, options)
      }
    }
    const { failed } = await failuresOf((clock) => new Forgetful({ clock: clock.now }))
    expect(failed).toContain('a report sent many times at once is counted once')
  })

  it('finds a storage that answers in an order of its own', async () => {
    class Sorted extends InMemoryStorage {
      override async exchange(...[requests, options]: Parameters<InMemoryStorage['exchange']>) {
        return [...(await super.exchange(requests, options))].reverse()
      }
    }
    const { failed } = await failuresOf((clock) => new Sorted({ clock: clock.now }))
    expect(failed).toEqual([
      'several breakers in one exchange are answered in the order asked, those that are only read among them',
    ])
  })
})

describe('its assertions', () => {
  it.each([
    [1, 2],
    [0, -0],
    [null, undefined],
    ['1', 1],
    [[1], [1, 2]],
    [[1, 2], [1]],
    [{ a: 1 }, { a: 1, b: undefined }],
    [{ a: 1, b: 2 }, { a: 1 }],
    [[], {}],
    [{ a: [{ b: 1 }] }, { a: [{ b: 2 }] }],
    [null, {}],
    [new Error('a'), new Error('a')],
    [new Set([1]), new Set([1])],
  ])('tell %j from %j', (actual, expected) => {
    expect(() => equal(actual, expected, 'it')).toThrow(/^it: expected .*, got /)
  })

  it('take what has the same content for equal', () => {
    equal({ a: [1, { b: null }], c: Number.NaN }, { c: Number.NaN, a: [1, { b: null }] }, 'it')
    matches({ a: 1, b: 2 }, { a: 1 }, 'it')
    expect(() => matches({ a: 1, b: 2 }, { a: 1, c: 3 }, 'it')).toThrow(
      'it: expected {"a":1,"c":3}, got {"a":1,"c":"undefined"}',
    )
    expect(() => ok(false, 'it holds')).toThrow('it holds')
  })

  it('want a rejection where they ask for one', async () => {
    const error = new Error('no')
    expect(await rejection(Promise.reject(error), 'a call')).toBe(error)
    await expect(rejection(Promise.resolve(7), 'a call')).rejects.toMatchObject({
      name: 'ConformanceError',
      actual: 7,
    })
  })
})

describe('FakeClock', () => {
  it('stands still until it is moved, and says so without its object', () => {
    const clock = new FakeClock(1_000)
    const { now } = clock
    expect([now(), now()]).toEqual([1_000, 1_000])
    clock.advance('1s')
    clock.advance(5)
    expect(now()).toBe(2_005)
    clock.stepBack('2s')
    expect(now()).toBe(5)
  })

  it.each([-1, Number.NaN, 'soon', '366d'])('is not moved by %j', (duration) => {
    expect(() => new FakeClock().advance(duration as never)).toThrow(
      'duration must be a duration from 0ms to 365d',
    )
  })
})
