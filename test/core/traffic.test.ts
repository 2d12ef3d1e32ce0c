import { describe, expect, it } from 'vitest'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { knowsCalls, rateOf, shareOf } from '../../src/core/traffic.ts'
import { Random } from '../support/random.ts'
import { Script } from './script.ts'

const from = (id: number) => ({ reporter: { id, aliveMs: 12_500 } })
const REFRESH_MS = 4_500

/** A fleet on one row: each isolate calls in even intervals, refreshes in its turn, and tells as it is drawn. */
class Fleet extends Script {
  readonly #random: Random
  readonly #isolates: {
    draw: number
    calls: number
    since: number
    share: number
    nextAt: number
  }[]
  writes = 0

  constructor(isolates: number, options = { failureLimit: fraction(50, 100) }, seed = 1) {
    super(options)
    this.#random = new Random(seed)
    this.report('0'.repeat(100), from(1))
    this.#isolates = Array.from({ length: isolates }, (_, i) => ({
      draw: this.#random.next(),
      calls: 0,
      since: this.now - (REFRESH_MS * i) / isolates,
      share: 1,
      nextAt: this.now + this.#random.next() * 1_000,
    }))
  }

  get perSecond(): number {
    return 1_000 * rateOf(this.state.traffic, this.now)
  }

  /** So long at so many calls a second of each, of which some fail; those are told at once. */
  live(
    ms: number,
    callsPerSecond: number,
    fails: (isolate: number) => boolean = () => false,
  ): void {
    const step = 50
    for (let passed = 0; passed < ms && this.state.status === 'CLOSED'; passed += step) {
      this.now += step
      for (const [id, isolate] of this.#isolates.entries()) {
        for (; isolate.nextAt <= this.now; isolate.nextAt += 1_000 / callsPerSecond) {
          isolate.calls++
          if (fails(id)) this.#tell(id, '1')
        }
        if (this.now - isolate.since >= REFRESH_MS) this.#tell(id)
      }
    }
  }

  #tell(id: number, outcomes = ''): void {
    const isolate = this.#isolates[id]!
    const { calls, draw, share } = isolate
    const spanMs = this.now - isolate.since
    const tell = draw < share && calls > 0 ? { calls, spanMs, draw, share } : undefined
    const before = this.state
    if (outcomes !== '') this.report(outcomes, { ...from(id + 1), tell })
    else this.send({ type: 'show', ...from(id + 1), alone: false, tell, settings: this.settings })
    if (this.state !== before) this.writes++
    Object.assign(isolate, {
      draw: this.#random.next(),
      calls: 0,
      since: this.now,
      share: shareOf(this.state.traffic, this.now),
    })
  }
}

describe('the calls of a fleet', () => {
  it.each([
    [30, 4],
    [300, 1],
    [2_000, 2],
  ])('of %i isolates at %i calls/s are known from the few that tell', (isolates, each) => {
    const rates = [1, 2, 3, 4].map((seed) => {
      const fleet = new Fleet(isolates, undefined, seed)
      fleet.live(45_000, each)
      return fleet.perSecond / (isolates * each)
    })
    // Some 190 tell within the time that counts: chance moves one by 7 %, the mean of four by 4 %. Four times that is out of its reach.
    const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length
    expect(Math.abs(mean - 1)).toBeLessThan(0.15)
    for (const rate of rates) expect(Math.abs(rate - 1)).toBeLessThan(0.3)
  })

  it.each([20, 400, 3_000])('of %i isolates are told of some nine times a second', (isolates) => {
    const fleet = new Fleet(isolates)
    fleet.live(30_000, 1)
    fleet.writes = 0
    fleet.live(60_000, 1)
    expect(fleet.writes).toBeLessThanOrEqual(60 * 11)
    expect(fleet.writes).toBeGreaterThan(60 * Math.min(7, (0.7 * isolates) / 4.5))
  })

  it('follow the fleet as it grows and shrinks', () => {
    const fleet = new Fleet(200)
    fleet.live(40_000, 1)
    fleet.live(40_000, 5)
    expect(fleet.perSecond).toBeGreaterThan(700)
    fleet.live(40_000, 1)
    expect(fleet.perSecond).toBeLessThan(280)
    fleet.pass('40s')
    expect(fleet.perSecond).toBe(0)
  })

  it('are as they were once the breaker has closed again', () => {
    const fleet = new Fleet(100)
    fleet.live(40_000, 5)
    const before = fleet.perSecond
    fleet.order({ command: 'open', cooldownMs: [60_000] })
    fleet.pass('1m')
    fleet.order({ command: 'close' })
    expect(fleet.perSecond).toBeGreaterThan(before / 2)
    expect(fleet.perSecond).toBeLessThan(before * 2)
  })

  it('are not known at first, nor where few are made', () => {
    const fleet = new Fleet(100)
    fleet.live(8_000, 5)
    expect(knowsCalls(fleet.state.traffic, fleet.now)).toBe(false)
    fleet.live(10_000, 5)
    expect(knowsCalls(fleet.state.traffic, fleet.now)).toBe(true)
    const small = new Fleet(10)
    small.live(60_000, 1)
    expect(knowsCalls(small.state.traffic, small.now)).toBe(false)
  })

  it('cost nothing where an isolate was not drawn', () => {
    const fleet = new Fleet(1_000)
    fleet.live(20_000, 1)
    const { state } = fleet
    const tell = { calls: 5, spanMs: 4_000, draw: 0.9, share: 1 }
    fleet.send({ type: 'show', ...from(5), alone: false, tell, settings: fleet.settings })
    expect(fleet.state).toBe(state)
  })
})

describe('successes that nobody tells', () => {
  it('stand between the failures of a part of the fleet, so that it stays closed', () => {
    for (const seed of [1, 2, 3]) {
      const fleet = new Fleet(100, undefined, seed)
      fleet.live(30_000, 5)
      fleet.live(30_000, 5, (id) => id < 20)
      expect(fleet.state.status).toBe('CLOSED')
      const { log } = fleet.state
      const share = [...log].filter((bit) => bit === '1').length / log.length
      // A fifth of the isolates fails.
      expect(share).toBeGreaterThan(0.1)
      expect(share).toBeLessThan(0.35)
    }
  })

  it('are none where all fail: it opens within a quarter of a second', () => {
    for (const limit of [fraction(5, 10), fraction(50, 100), fraction(10, 10)]) {
      const fleet = new Fleet(200, { failureLimit: limit })
      fleet.live(30_000, 5)
      const died = fleet.now
      fleet.live(10_000, 5, () => true)
      expect(fleet.state.status).toBe('OPEN')
      expect(fleet.now - died).toBeLessThanOrEqual(limit.denominator === 10 ? 500 : 350)
    }
  })

  it('are weighed as the failures are of which only a share is reported', () => {
    const fleet = new Fleet(200)
    fleet.live(30_000, 5)
    const log = (told: number) => {
      const { state } = fleet
      fleet.now += 100
      fleet.report('1', { ...from(1), told })
      const added = fleet.state.log.length - state.log.length
      fleet.state = state
      fleet.now -= 100
      return added || [...fleet.state.log].length
    }
    fleet.state = {
      ...fleet.state,
      log: '',
      traffic: { ...fleet.state.traffic, failed: 0, credit: 0, at: fleet.now },
    }
    // 1,000 calls/s make about a hundred in 100 ms; a tenth of them where only a tenth of the failures is told.
    expect(log(1)).toBeGreaterThan(70)
    expect(log(0.1)).toBeLessThan(16)
    expect(log(0.1)).toBeGreaterThan(7)
  })

  it('are told by the only isolate there is, and by those of a time window', () => {
    const fleet = new Fleet(100)
    fleet.live(30_000, 5)
    fleet.pass('13s')
    fleet.state = { ...fleet.state, log: '' }
    fleet.report('001', from(1))
    expect(fleet.state.log).toBe('001')
    const timed = new Fleet(100, { failureLimit: failureRate(0.5, { over: '10s' }) } as never)
    timed.live(30_000, 5)
    timed.state = { ...timed.state, log: '' }
    timed.report('001', from(1))
    expect(timed.state.log).toBe('001')
  })
})
