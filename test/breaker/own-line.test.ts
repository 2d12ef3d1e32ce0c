import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Ended, Grant, LineOptions } from '../../src/breaker/line.ts'
import { OwnLine } from '../../src/breaker/own-line.ts'
import type { Event, Order } from '../../src/core/event.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { resolveSettings, type Settings } from '../../src/core/settings.ts'
import { type Snapshot, snapshotOf } from '../../src/core/snapshot.ts'
import { activeOverride, BLANK, type StoredState } from '../../src/core/state.ts'
import { audit, transition } from '../../src/core/transition.ts'

const START = Date.UTC(2026, 0, 1)
const ID = { resourceKey: 'own', namespace: 'default' }
const NOTHING = { outcomes: '', tokens: [], released: [], wouldReject: 0 } as const

type Told = readonly [from: string, to: string, generation: number, cause: string | null]

/** The specification, event by event: what a line must not differ from. */
class Specification {
  state: StoredState = BLANK
  readonly told: Told[] = []
  readonly #settings: Settings

  constructor(settings: Settings) {
    this.#settings = settings
  }

  admit(leaseMs: number, now: number): Grant | undefined {
    const { verdict, token } = this.take(
      { type: 'acquire', leaseMs, settings: this.#settings },
      now,
    )
    if (verdict === 'rejected') return undefined
    const disabled = activeOverride(this.state, now)?.kind === 'DISABLED'
    return {
      generation: this.state.generation,
      token: token ?? null,
      recorded: verdict !== 'would-reject' && !disabled,
      local: false,
      wouldReject: verdict === 'would-reject',
    }
  }

  ended(grant: Grant, { outcome, retryAfterMs, trip }: Ended, now: number): void {
    const { generation, token, recorded, wouldReject } = grant
    const counts = recorded && outcome !== 'ignored'
    const tokens = token === null ? [] : [token]
    this.take(
      {
        type: 'report',
        generation,
        flushId: 0,
        since: null,
        ...NOTHING,
        ...(counts
          ? { outcomes: outcome === 'failure' ? '1' : '0', tokens }
          : { released: tokens }),
        retryAfterMs,
        trip,
        wouldReject: Number(wouldReject),
        settings: this.#settings,
      },
      now,
    )
  }

  take(event: Event, now: number): ReturnType<typeof transition> {
    const before = this.state
    const step = transition(before, event, now)
    this.state = { ...step.state, flushIds: [] }
    const line = audit(before, this.state, event, now)
    if (line !== null && line.from !== line.to)
      this.told.push([line.from, line.to, line.generation, line.cause])
    return step
  }

  snapshot(now: number): Snapshot {
    return snapshotOf(this.state, ID.resourceKey, ID.namespace, now)
  }
}

/**
 * What does not depend on when the specification was asked: noted outcomes are taken in later. Nor on who reports: alone there is
 * nobody else.
 */
function essence({ version, updatedAt, reporters, ...snapshot }: Snapshot) {
  return snapshot
}

class Pair {
  readonly line: OwnLine
  readonly specification: Specification
  readonly told: Told[] = []
  readonly #grants: { line: Grant; specification: Grant }[] = []
  #now = START

  constructor(settings: Settings) {
    this.specification = new Specification(settings)
    const listener = {
      statusChanged: (from: string, to: string, change: { generation: number; cause: string }) =>
        this.told.push([from, to, change.generation, change.cause]),
    }
    const runtime = { now: () => this.#now }
    this.line = new OwnLine({ id: ID, settings, runtime, listener } as unknown as LineOptions)
  }

  move(ms: number): void {
    this.#now += ms
  }

  begin(leaseMs: number): void {
    const answer = this.line.ready ?? this.line.readyAt() ?? this.line.admit(leaseMs, this.#now)
    const grant = this.specification.admit(leaseMs, Math.floor(this.#now))
    expect('reason' in answer).toBe(grant === undefined)
    if (grant === undefined || 'reason' in answer) return
    expect(answer).toEqual(grant)
    this.#grants.push({ line: answer, specification: grant })
  }

  end(which: number, ended: Ended, looksAtTheClock: boolean): void {
    const [grant] = this.#grants.splice(which % Math.max(1, this.#grants.length), 1)
    if (grant === undefined) return
    const at = looksAtTheClock ? this.#now : undefined
    this.line.ended(grant.line, ended, {}, undefined, at)
    this.specification.ended(grant.specification, ended, Math.floor(this.#now))
  }

  async order(order: Order): Promise<void> {
    const command = { order, actor: 'ana', reason: null }
    const answer = await this.line.control(command)
    this.specification.take({ type: 'command', ...command }, Math.floor(this.#now))
    expect(essence(answer)).toEqual(essence(this.specification.snapshot(Math.floor(this.#now))))
  }

  compare(): void {
    expect(this.line.status).toBe(this.specification.state.status)
    expect(this.line.generation).toBe(this.specification.state.generation)
    expect(this.told).toEqual(this.specification.told)
  }

  look(): void {
    this.compare()
    const now = Math.floor(this.#now)
    expect(essence(this.line.snapshot)).toEqual(essence(this.specification.snapshot(now)))
  }
}

const ended: fc.Arbitrary<Ended> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constant({ outcome: 'success', retryAfterMs: null, trip: false } as const),
  },
  {
    weight: 5,
    arbitrary: fc.constant({ outcome: 'failure', retryAfterMs: null, trip: false } as const),
  },
  fc.constant({ outcome: 'ignored', retryAfterMs: null, trip: false } as const),
  fc.record({
    outcome: fc.constant('failure' as const),
    retryAfterMs: fc.integer({ min: 1, max: 5_000 }),
    trip: fc.boolean(),
  }),
)
const order: fc.Arbitrary<Order> = fc.oneof(
  fc.constant({ command: 'open', cooldownMs: [300, 900] } as const),
  fc.constantFrom({ command: 'close' } as const, { command: 'reset' } as const),
  fc.record({
    command: fc.constant('override' as const),
    override: fc.constantFrom('FORCED_OPEN', 'DISABLED', 'METRICS_ONLY', null),
    forMs: fc.oneof(fc.constant(null), fc.integer({ min: 1, max: 2_000 })),
  }),
)
const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({ begin: fc.integer({ min: 1, max: 2_000 }) }) },
  {
    weight: 12,
    arbitrary: fc.record({ end: fc.nat(5), how: ended, clock: fc.boolean() }),
  },
  { weight: 6, arbitrary: fc.record({ move: fc.integer({ min: -50, max: 900 }) }) },
  { weight: 1, arbitrary: fc.record({ move: fc.constantFrom(-5_000, 30_000, 0.5) }) },
  { weight: 1, arbitrary: fc.record({ order }) },
  { weight: 2, arbitrary: fc.constant({ look: true } as const) },
)
const settings = fc
  .record({
    failureLimit: fc.oneof(
      fc.constantFrom(fraction(1, 1), fraction(2, 3), fraction(3, 10), fraction(5, 5)),
      fc
        .record({ rate: fc.constantFrom(0.3, 0.5, 1), over: fc.constantFrom(1_000, 5_000) })
        .map(({ rate, over }) => failureRate(rate, { over, minimumThroughput: 4 })),
    ),
    successLimit: fc.constantFrom(fraction(1, 1), fraction(2, 3)),
    cooldown: fc.constantFrom(200, 1_000),
  })
  .map(resolveSettings)

async function run(
  pair: Pair,
  steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[],
) {
  for (const each of steps) {
    if ('begin' in each) pair.begin(each.begin)
    else if ('end' in each) pair.end(each.end, each.how, each.clock)
    else if ('move' in each) pair.move(each.move)
    else if ('order' in each) await pair.order(each.order)
    else pair.look()
    pair.compare()
  }
  pair.look()
}

describe('a breaker without a storage', () => {
  it('does what the specification does, whatever happens in which order', async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        fc.array(step, { minLength: 20, maxLength: 200, size: 'max' }),
        (made, steps) => run(new Pair(made), steps),
      ),
      { numRuns: 400 },
    )
  })

  it('takes in what it noted before there is too much of it', () => {
    const pair = new Pair(resolveSettings({ failureLimit: fraction(900, 1_000) }))
    for (let i = 0; i < 25_000; i++) {
      pair.begin(1)
      pair.end(
        0,
        { outcome: i % 7 === 0 ? 'failure' : 'success', retryAfterMs: null, trip: false },
        false,
      )
    }
    // Each time that it takes something in is a version.
    expect(pair.line.snapshot.version).toBeGreaterThan(2)
    pair.look()
  })
})
