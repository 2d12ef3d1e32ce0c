import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isLive } from '../../src/core/lease.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { type BreakerState, RING, type StoredState } from '../../src/core/state.ts'
import { transition } from '../../src/core/transition.ts'
import { Model } from '../postgres/trace.ts'
import { Random } from '../support/random.ts'
import { halfOpen, Script } from './script.ts'

// Else no list would be longer than about ten, whatever its own limit.
fc.configureGlobal({ baseSize: 'medium' })

const limit = (max: number) =>
  fc
    .integer({ min: 1, max })
    .chain((n) => fc.integer({ min: 1, max: n }).map((k) => fraction(k, n)))
const bits = (maxLength: number) =>
  fc.array(fc.constantFrom('0', '1'), { maxLength }).map((all) => all.join(''))
const cuts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 40 })
const rate = fc.record({
  rate: fc.double({ min: 0.05, max: 1, noNaN: true }),
  minimum: fc.integer({ min: 1, max: 20 }),
})
const countIn = (text: string, bit: string) => text.split(bit).length - 1

/** The same outcomes in reports of those sizes. */
function split(outcomes: string, sizes: readonly number[]): string[] {
  const parts: string[] = []
  for (let at = 0, i = 0; at < outcomes.length; i++) {
    const size = sizes[i % sizes.length]!
    parts.push(outcomes.slice(at, at + size))
    at += size
  }
  return parts
}

/** What must not depend on how many reports it took. */
function essence({ version, flushIds, ...state }: StoredState) {
  return state
}

describe('a fraction', () => {
  it('is never reduced', () => {
    fc.assert(
      fc.property(limit(1_000), ({ numerator, denominator }) => {
        expect(fraction(numerator, denominator)).toEqual({ numerator, denominator })
        expect(
          new Script({ failureLimit: fraction(numerator, denominator) }).settings,
        ).toMatchObject({
          trip: { failures: numerator, outOf: denominator },
          probes: denominator,
          successes: denominator - numerator + 1,
        })
      }),
    )
  })
})

describe('a closed breaker', () => {
  it('trips at the first failure that has k failures in a full window behind it, and at nothing else', () => {
    fc.assert(
      fc.property(limit(12), bits(60), (failureLimit, outcomes) => {
        const { numerator: k, denominator: n } = failureLimit
        const b = new Script({ failureLimit })
        b.report(outcomes)
        const at = [...outcomes].findIndex(
          (bit, i) =>
            bit === '1' && i + 1 >= n && countIn(outcomes.slice(i + 1 - n, i + 1), '1') >= k,
        )
        expect(b.state).toMatchObject(
          at < 0
            ? { status: 'CLOSED', log: outcomes }
            : { status: 'OPEN', log: outcomes.slice(0, at + 1) },
        )
      }),
    )
  })

  it('comes to the same however its outcomes are split into reports: count window', () => {
    fc.assert(
      fc.property(limit(12), bits(60), cuts, (failureLimit, outcomes, sizes) => {
        const [whole, parts] = [new Script({ failureLimit }), new Script({ failureLimit })]
        whole.report(outcomes)
        for (const part of split(outcomes, sizes)) parts.report(part, { generation: 0 })
        expect(essence(parts.state)).toEqual(essence(whole.state))
      }),
    )
  })

  it('comes to the same however its outcomes are split into reports: time window', () => {
    fc.assert(
      fc.property(rate, bits(60), cuts, ({ rate, minimum }, outcomes, sizes) => {
        const options = {
          failureLimit: failureRate(rate, { over: '10s', minimumThroughput: minimum }),
        }
        const [whole, parts] = [new Script(options), new Script(options)]
        whole.report(outcomes)
        for (const part of split(outcomes, sizes)) parts.report(part, { generation: 0 })
        expect(essence(parts.state)).toEqual(essence(whole.state))
      }),
    )
  })

  it('counts in its time window what a complete log would count', () => {
    const step = fc.record({
      wait: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 0, max: 3_000 }),
        fc.integer({ min: 0, max: 40_000 }),
      ),
      outcomes: bits(8),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 5_000 }),
        fc.array(step, { maxLength: 60 }),
        (start, steps) => {
          const b = new Script({
            failureLimit: failureRate(1, { over: '10s', minimumThroughput: 1_000_000 }),
          })
          b.pass(start)
          const log: { bucket: number; bit: string }[] = []
          for (const { wait, outcomes } of steps) {
            b.pass(wait)
            b.report(outcomes)
            if (outcomes === '') continue
            const bucket = Math.floor(b.now / 1_000)
            for (const bit of outcomes) log.push({ bucket, bit })
            const counted = (bit: string) =>
              log.filter((entry) => entry.bit === bit && entry.bucket > bucket - 10).length
            const { buckets } = b.state as Extract<BreakerState, { status: 'CLOSED' }>
            const sum = (counts: readonly number[]) => counts.reduce((x, y) => x + y, 0)
            expect([sum(buckets!.successes), sum(buckets!.failures)]).toEqual([
              counted('0'),
              counted('1'),
            ])
            expect(b.state.failureCount).toBe(counted('1'))
          }
        },
      ),
    )
  })

  it('trips by rate where a complete log says so', () => {
    fc.assert(
      fc.property(rate, bits(60), ({ rate, minimum }, outcomes) => {
        const b = new Script({
          failureLimit: failureRate(rate, { over: '10s', minimumThroughput: minimum }),
        })
        b.report(outcomes)
        const at = [...outcomes].findIndex(
          (bit, i) =>
            bit === '1' &&
            i + 1 >= minimum &&
            countIn(outcomes.slice(0, i + 1), '1') >= rate * (i + 1),
        )
        expect(b.state).toMatchObject(
          at < 0
            ? { status: 'CLOSED', log: outcomes }
            : { status: 'OPEN', log: outcomes.slice(0, at + 1) },
        )
      }),
    )
  })
})

describe('a half-open breaker', () => {
  it('decides as the full window would, as early as that is certain', () => {
    const window = limit(12).chain((successLimit) =>
      fc.tuple(
        fc.constant(successLimit),
        fc.array(fc.constantFrom('0', '1'), {
          minLength: successLimit.denominator,
          maxLength: successLimit.denominator,
        }),
      ),
    )
    fc.assert(
      fc.property(window, ([successLimit, results]) => {
        const { numerator: k, denominator: n } = successLimit
        const b = halfOpen({ successLimit })
        const tokens = b.probes(n)
        const { generation } = b.state
        for (const [i, result] of results.entries()) {
          const seen = results.slice(0, i).join('')
          const certain = countIn(seen, '0') >= k || countIn(seen, '1') > n - k
          expect(b.state.status === 'HALF_OPEN').toBe(!certain)
          b.report(result, { generation, tokens: [tokens[i]!] })
        }
        expect(b.state.status).toBe(countIn(results.join(''), '0') >= k ? 'CLOSED' : 'OPEN')
      }),
    )
  })

  it('comes to the same however its results are split into reports', () => {
    fc.assert(
      fc.property(limit(12), bits(12), cuts, (successLimit, results, sizes) => {
        const outcomes = results.slice(0, successLimit.denominator)
        const [whole, parts] = [halfOpen({ successLimit }), halfOpen({ successLimit })]
        const { generation } = whole.state
        const [wholeTokens, partTokens] = [
          whole.probes(outcomes.length),
          parts.probes(outcomes.length),
        ]
        whole.report(outcomes, { generation: whole.state.generation, tokens: wholeTokens })
        for (const part of split(outcomes, sizes))
          parts.report(part, { generation, tokens: partTokens.splice(0, part.length) })
        expect(essence(parts.state)).toEqual(essence(whole.state))
      }),
    )
  })

  it('never has more probes out than may be at once, nor more probes out and results than its window', () => {
    const options = limit(8).chain((successLimit) =>
      fc.record({
        successLimit: fc.constant(successLimit),
        probeConcurrency: fc.integer({ min: 1, max: successLimit.denominator }),
      }),
    )
    const action = fc.oneof(
      fc.constant('acquire'),
      fc.constant('acquire'),
      fc.constant('success'),
      fc.constant('failure'),
      fc.constant('release'),
    )
    fc.assert(
      fc.property(
        options,
        fc.array(action, { maxLength: 60 }),
        ({ successLimit, probeConcurrency }, actions) => {
          const b = halfOpen({ successLimit, probeConcurrency, probeLease: '1h' })
          const out: number[] = []
          for (const action of actions) {
            b.pass(1)
            if (action === 'acquire') {
              if (b.acquire() === 'probe')
                out.push((b.state as Extract<BreakerState, { status: 'HALF_OPEN' }>).leases.at(-1)!)
            } else if (out.length > 0) {
              const token = out.shift()!
              if (action === 'release') b.report('', { released: [token] })
              else b.report(action === 'success' ? '0' : '1', { tokens: [token] })
            }
            if (b.state.status !== 'HALF_OPEN') return
            expect(b.state.leases).toEqual(out)
            expect(out.length).toBeLessThanOrEqual(probeConcurrency)
            expect(out.length + b.state.log.length).toBeLessThanOrEqual(successLimit.denominator)
          }
        },
      ),
    )
  })

  it('never has more live leases than may be at once, however leases end', () => {
    const step = fc.record({
      wait: fc.integer({ min: 0, max: 40 }),
      leaseMs: fc.integer({ min: 1, max: 100 }),
      late: fc.boolean(),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(step, { maxLength: 60 }),
        (probeConcurrency, steps) => {
          const b = halfOpen({ successLimit: fraction(500, 500), probeConcurrency })
          const granted: number[] = []
          for (const { wait, leaseMs, late } of steps) {
            b.pass(wait)
            if (b.acquire(leaseMs) === 'probe')
              granted.push(
                (b.state as Extract<BreakerState, { status: 'HALF_OPEN' }>).leases.at(-1)!,
              )
            if (late && granted.length > 0)
              expect(b.report('0', { tokens: [granted.shift()!] })).toBe('counted')
            const live = granted.filter((token) => Math.floor(token / 1_000) > b.now)
            expect(live.length).toBeLessThanOrEqual(probeConcurrency)
          }
        },
      ),
    )
  })
})

describe('the number of opens in a row', () => {
  it('grows with each failed probe, picks the cooldown, and is 0 once closed', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 40 }), (probes) => {
        const b = new Script({ cooldown: (opens) => opens * 10 })
        b.fail()
        let opens = 1
        for (const good of probes) {
          expect(b.state).toMatchObject({
            status: 'OPEN',
            opens,
            openUntil: b.now + Math.min(opens, 16) * 10,
          })
          b.pass(Math.min(opens, 16) * 10)
          b.report(good ? '0' : '1', { tokens: [b.probe()] })
          opens = good ? 1 : opens + 1
          if (!good) continue
          expect(b.state).toMatchObject({ status: 'CLOSED', opens: 0 })
          b.fail()
        }
      }),
    )
  })
})

describe('any sequence of events, on a clock that steps both ways', () => {
  it('keeps what must always hold', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed)
        const model = new Model()
        let now = Date.UTC(2026, 0, 1)
        for (let i = 0; i < 300; i++) {
          now += random.chance(0.05) ? -random.int(0, 40_000) : random.int(0, 5_000)
          const event = model.event(random)
          const before = frozen(model.state)
          const { state, verdict, token } = transition(before, event, now)
          model.apply(event, now)

          expect(model.state, 'the same input gives the same state').toEqual(state)
          const changed = state !== before
          expect(state.version, 'one version a write').toBe(before.version + (changed ? 1 : 0))
          expect(state.log.length).toBeLessThanOrEqual(1_000)
          expect(state.flushIds.length).toBeLessThanOrEqual(RING)
          if (state.status !== before.status)
            expect(state.generation, 'a generation for each transition').not.toBe(before.generation)
          if (state.generation !== before.generation) {
            expect(state.generation).toBeGreaterThan(before.generation)
            expect(state.previousGeneration).toBe(before.generation)
          }
          expect(token !== undefined, 'a token for each probe').toBe(verdict === 'probe')
          if (state.status === 'HALF_OPEN')
            expect(new Set(state.leases).size, 'no token twice').toBe(state.leases.length)
          if (token !== undefined && state.status === 'HALF_OPEN')
            expect(isLive(token, state.leaseMs, now), 'a new lease is live').toBe(true)
          if (event.type === 'report') {
            const again = transition(state, event, now)
            if (changed) expect(again.verdict, 'a repeat is recognised').toBe('duplicate')
            expect(again.state === state || !changed, 'a repeat writes nothing').toBe(true)
            const writes = ['counted', 'extended'].includes(verdict) || event.wouldReject > 0
            if (!writes || ['none', 'duplicate', 'unknown'].includes(verdict))
              expect(changed, verdict).toBe(false)
          }
        }
      }),
      { numRuns: 25 },
    )
  })
})

/** So that a transition which writes into the state it was given throws. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) frozen(part)
  return Object.freeze(value)
}
