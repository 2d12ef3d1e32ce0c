import { describe, expect, it } from 'vitest'
import { type Cell, cellsOf, nameOf } from '../../bench/fleet/matrix.ts'
import { figuresOf } from '../../bench/fleet/matrix-figures.ts'
import { simulate } from '../../src/testing/simulator/index.ts'
import { expectSound } from './run.ts'

const cell = (...words: readonly string[]): Cell => {
  const found = cellsOf(100).filter((each) => words.every((word) => nameOf(each).includes(word)))
  expect(found).toHaveLength(1)
  return found[0]!
}

describe('the matrix of fleets in trouble', () => {
  it('has each cell once: three paces, four rules, and five kinds of trouble where 1 % is more than one', () => {
    for (const [isolates, kinds] of [
      [100, 4],
      [1_000, 5],
      [10_000, 5],
    ] as const) {
      const names = cellsOf(isolates).map(nameOf)
      expect(names).toHaveLength(3 * 4 * kinds)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it('has as many isolates in trouble as it says, and all of them well before that', () => {
    const isolates = (words: string) =>
      cell('1 call/s', '50 of 100', words).options.fleet.map((group) => group.isolates)
    expect(isolates('one is bad')).toEqual([99, 1])
    expect(isolates('10 % are bad')).toEqual([90, 10])
    expect(isolates('5 % of all calls fail')).toEqual([100])
    expect(isolates('all fail')).toEqual([100])
    for (const { options } of cellsOf(1_000))
      for (const { dependency = options.dependency } of options.fleet)
        expect(dependency[0]!.failures).toBe(0)
  })

  it('tells what each run of a cell came to, and how late the fleet opened where the oracle did', async () => {
    const seeded = (words: string) =>
      simulate({ ...cell('10 calls/s', '5 of 10', words).options, seed: 1 })
    const [one, all] = await Promise.all([seeded('one is bad'), seeded('all fail')])
    expectSound(one!)
    expectSound(all!)
    expect(figuresOf([one!])).toMatchObject({
      'opens: oracle': '0',
      'ms from the first open of the oracle to that of the fleet': '–',
    })
    expect(all!.opens).toMatchObject({ fleet: 1, oracle: 1, falseFleet: 0 })
    expect(all!.opens.firstDelayMs).toBeLessThanOrEqual(500)
    expect(figuresOf([all!, all!])).toMatchObject({
      'opens: fleet': '1, 1',
      'opens: oracle': '1, 1',
      'ms from the first open of the oracle to that of the fleet': String(all!.opens.firstDelayMs),
    })
  })
})
