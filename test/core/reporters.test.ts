import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { failingAlone } from '../../src/core/reporters.ts'
import type { SettingsOptions } from '../../src/core/settings.ts'
import { Script } from './script.ts'

const ALIVE_MS = 12_500
const from = (id: number) => ({ reporter: { id, aliveMs: ALIVE_MS } })

/** A breaker that several isolates report to, each by its number. */
class Fleet extends Script {
  tells(id: number, outcomes: string): string {
    this.report(outcomes, from(id))
    return this.state.status
  }

  shows(id: number, alone = false): boolean {
    const { version } = this.state
    this.send({ type: 'show', ...from(id), alone, settings: this.settings })
    return this.state.version > version
  }
}

const limit = { failureLimit: fraction(3, 6) } as const

describe('failures of one isolate', () => {
  it('open nothing for the others while one of them was heard of lately', () => {
    const fleet = new Fleet(limit)
    fleet.tells(1, '000')
    expect(fleet.tells(2, '111111')).toBe('CLOSED')
    expect(fleet.state.failureCount).toBe(6)
    expect(fleet.tells(1, '1')).toBe('OPEN')
  })

  it('open at once where it is the only one, and where nobody else was heard of for so long', () => {
    expect(new Fleet(limit).tells(2, '000111')).toBe('OPEN')
    const fleet = new Fleet(limit)
    fleet.tells(1, '000')
    fleet.pass(ALIVE_MS - 1)
    expect(fleet.tells(2, '111')).toBe('CLOSED')
    fleet.pass(1)
    expect(fleet.tells(2, '1')).toBe('OPEN')
  })

  it('open where the newest failures come from enough others, and not where these are older', () => {
    const fleet = new Fleet({ failureLimit: fraction(3, 6), reporters: 3 })
    for (const id of [1, 2, 3]) fleet.tells(id, '0')
    fleet.tells(1, '1')
    fleet.tells(2, '1')
    expect(fleet.tells(2, '11')).toBe('CLOSED')
    expect(fleet.tells(3, '1')).toBe('CLOSED')
    expect(fleet.tells(1, '1')).toBe('OPEN')
  })

  it('are judged outcome by outcome: a report trips at its first failure that may', () => {
    const fleet = new Fleet(limit)
    fleet.tells(1, '0000')
    fleet.tells(1, '1')
    expect(fleet.tells(2, '1111')).toBe('OPEN')
    expect(fleet.state.log).toBe('0000111')
    // Behind three of its own, the other's failure is none of the newest three.
    const other = new Fleet(limit)
    other.tells(1, '0000')
    other.tells(1, '1')
    other.tells(2, '0010')
    expect(other.tells(2, '0001111')).toBe('CLOSED')
  })

  it('are as many as the limit asks for: one of one opens', () => {
    const fleet = new Fleet({ failureLimit: fraction(1, 1) })
    fleet.tells(1, '0')
    expect(fleet.tells(2, '1')).toBe('OPEN')
  })

  it('open where one reporter is enough', () => {
    const fleet = new Fleet({ ...limit, reporters: 1 })
    fleet.tells(1, '000')
    expect(fleet.tells(2, '111')).toBe('OPEN')
  })

  it('open where another isolate has stopped itself, for that reports no more', () => {
    const fleet = new Fleet(limit)
    fleet.tells(1, '000')
    fleet.tells(2, '0')
    fleet.shows(1, true)
    expect(fleet.tells(2, '0111')).toBe('OPEN')
    const later = new Fleet(limit)
    later.tells(1, '000')
    later.shows(1, true)
    later.pass('31s')
    later.tells(3, '0')
    expect(later.tells(2, '0111')).toBe('CLOSED')
  })

  it('count each for itself where nobody says whose they are', () => {
    const fleet = new Fleet(limit)
    fleet.tells(1, '000')
    expect(fleet.tells(2, '11')).toBe('CLOSED')
    fleet.fail()
    expect(fleet.state.status).toBe('OPEN')
    const earlier = new Fleet(limit)
    earlier.tells(1, '000')
    earlier.report('111')
    expect(earlier.state.status).toBe('OPEN')
  })

  it('of a time window must come from enough isolates within it', () => {
    const fleet = new Fleet({
      failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 4 }),
    })
    fleet.tells(1, '00')
    expect(fleet.tells(2, '11111')).toBe('CLOSED')
    expect(fleet.tells(1, '1')).toBe('OPEN')
    const late = new Fleet({ failureLimit: failureRate(0.5, { over: '3s', minimumThroughput: 4 }) })
    late.tells(1, '01')
    late.pass('3s')
    expect(late.tells(2, '11111')).toBe('CLOSED')
  })

  it('open nothing right after a recovery either: who was there before is there', () => {
    const fleet = new Fleet(limit)
    fleet.tells(1, '000')
    fleet.order({ command: 'open', cooldownMs: [60_000] })
    fleet.pass('61s')
    fleet.order({ command: 'close' })
    expect(fleet.tells(2, '000111')).toBe('CLOSED')
    expect(fleet.tells(1, '1')).toBe('OPEN')
  })

  it('open where the clock stepped far back: what was heard is not told any more', () => {
    const fleet = new Fleet(limit)
    fleet.tells(1, '000')
    fleet.stepBack('1h')
    expect(fleet.tells(2, '111')).toBe('OPEN')
  })
})

describe('an isolate that makes itself known', () => {
  it('is written where too few others were heard of lately, and else costs nothing', () => {
    const fleet = new Fleet(limit)
    expect(fleet.shows(1)).toBe(false)
    fleet.tells(1, '000000')
    expect(fleet.shows(2)).toBe(true)
    expect(fleet.shows(3)).toBe(false)
    fleet.pass('5s')
    expect(fleet.shows(3)).toBe(true)
    expect(fleet.tells(9, '111111')).toBe('CLOSED')
    fleet.order({ command: 'open', cooldownMs: [60_000] })
    fleet.pass('10s')
    expect(fleet.shows(4)).toBe(false)
  })

  it('is counted where it fails alone, until it says otherwise, or nothing for half a minute', () => {
    const fleet = new Fleet(limit)
    const count = () => failingAlone(fleet.state.reporters, fleet.now)
    fleet.tells(1, '000000')
    fleet.tells(2, '0')
    fleet.tells(3, '0')
    fleet.shows(7, true)
    fleet.shows(8, true)
    fleet.shows(8, true)
    expect(count()).toBe(2)
    fleet.shows(8)
    expect(count()).toBe(1)
    fleet.pass('29s')
    expect(count()).toBe(1)
    fleet.pass('1s')
    expect(count()).toBe(0)
    fleet.shows(7, true)
    fleet.order({ command: 'close' })
    expect(count()).toBe(0)
  })
})

describe('under any interleaving', () => {
  const BAD = 1
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ bad: fc.stringMatching(/^[01]{1,12}$/) }) },
    { weight: 3, arbitrary: fc.record({ id: fc.integer({ min: 2, max: 9 }), well: fc.nat(12) }) },
    {
      weight: 2,
      arbitrary: fc.record({ shows: fc.integer({ min: 1, max: 9 }), alone: fc.boolean() }),
    },
    { weight: 3, arbitrary: fc.record({ ms: fc.integer({ min: -3_000, max: ALIVE_MS - 1 }) }) },
    { weight: 1, arbitrary: fc.constant({ closes: true } as const) },
  )
  const settings: fc.Arbitrary<SettingsOptions> = fc.record({
    failureLimit: fc.oneof(
      fc
        .tuple(fc.integer({ min: 2, max: 12 }), fc.nat(20))
        .map(([k, more]) => fraction(k, k + more)),
      fc
        .integer({ min: 1_000, max: 60_000 })
        .map((over) => failureRate(0.3, { over, minimumThroughput: 2 })),
    ),
    reporters: fc.integer({ min: 2, max: 5 }),
  })

  /** One isolate fails, others are well, and one of them is always alive. */
  const run = (options: SettingsOptions, steps: readonly Partial<Record<string, unknown>>[]) => {
    const fleet = new Fleet(options)
    fleet.tells(2, '0')
    let heardAt = fleet.now
    for (const each of steps) {
      if (typeof each['bad'] === 'string') fleet.tells(BAD, each['bad'])
      else if (typeof each['id'] === 'number')
        fleet.tells(each['id'], '0'.repeat(1 + (each['well'] as number)))
      else if (typeof each['shows'] === 'number')
        fleet.shows(each['shows'], each['shows'] === BAD && each['alone'] === true)
      else if (each['closes']) fleet.order({ command: 'close' })
      else fleet.now += each['ms'] as number
      const { seen } = fleet.state.reporters
      const last = seen.filter(({ id }) => id !== BAD).map(({ at }) => at)
      heardAt = Math.max(heardAt, ...last)
      // Whoever calls is heard of within so long: by a report of its successes, or by a sign of life.
      if (fleet.now - heardAt >= ALIVE_MS / 2) fleet.tells(2, '0')
    }
    return fleet.lines.filter((line) => line.startsWith('CLOSED > OPEN')).length
  }

  it('one reporter alone opens nothing while another is alive', () => {
    fc.assert(
      fc.property(settings, fc.array(step, { maxLength: 60 }), (options, steps) => {
        expect(run(options, steps)).toBe(0)
      }),
      { numRuns: 3_000 },
    )
  })

  it('and where one reporter is enough it does', () => {
    const steps = fc.sample(fc.array(step, { minLength: 20, maxLength: 60 }), {
      numRuns: 300,
      seed: 1,
    })
    const options = { failureLimit: fraction(3, 6), reporters: 1 }
    expect(steps.filter((each) => run(options, each) > 0).length).toBeGreaterThan(200)
  })
})
