import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Batch } from '../../src/fleet/batch.ts'

const LONGEST_RUN = 6

/** What happens to a batch, and the outcomes that it should hold then. */
type Happening = (batch: Batch, outcomes: string) => string

const success: Happening = (batch, outcomes) => {
  batch.success()
  return outcomes.endsWith('0'.repeat(LONGEST_RUN)) ? outcomes : `${outcomes}0`
}

const failure: Happening = (batch, outcomes) => {
  batch.failure(null, false, 0)
  return `${outcomes}1`
}

const shed =
  (most: number): Happening =>
  (batch, outcomes) => {
    const excess = Math.max(0, outcomes.length - most)
    expect(batch.shed(most)).toBe(excess)
    return outcomes.slice(excess)
  }

/** Keeps an outcome where its turn says so. */
const thin =
  (turns: readonly boolean[]): Happening =>
  (batch, outcomes) => {
    let turn = 0
    batch.thin(0.5, () => (turns[turn++ % turns.length] ? 0.4 : 0.6))
    return [...outcomes].filter((_, i) => turns[i % turns.length]).join('')
  }

const happenings = fc.oneof(
  { weight: 6, arbitrary: fc.constant(success) },
  { weight: 3, arbitrary: fc.constant(failure) },
  { weight: 1, arbitrary: fc.nat(12).map(shed) },
  { weight: 1, arbitrary: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }).map(thin) },
)

it('holds its outcomes in their order, whatever of them is shed or thinned out, and of a long run of successes only so many', () => {
  fc.assert(
    fc.property(fc.array(happenings, { maxLength: 60 }), (all) => {
      const batch = new Batch(0, LONGEST_RUN)
      let outcomes = ''
      for (const happens of all) {
        outcomes = happens(batch, outcomes)
        expect(batch.bits).toBe(outcomes)
        expect(batch.size).toBe(outcomes.length)
        expect(batch.run).toBe(outcomes.length - 1 - outcomes.lastIndexOf('1'))
        expect(batch.empty).toBe(outcomes === '')
      }
    }),
    { numRuns: 500 },
  )
})
