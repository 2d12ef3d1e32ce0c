import type { Event, Reporter, Tell } from '../../src/core/event.ts'
import { type ForeignWrite, reconcile } from '../../src/core/foreign.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { resolveSettings, type Settings } from '../../src/core/settings.ts'
import { BLANK, type OverrideKind, type StoredState } from '../../src/core/state.ts'
import { audit, transition } from '../../src/core/transition.ts'
import type { Random } from '../support/random.ts'

/** Reporters disagree: in a rolling deploy several of these judge the same breaker. */
const SETTINGS: readonly Settings[] = [
  resolveSettings({ failureLimit: fraction(3, 5), cooldown: '10s', probeLease: '5s' }),
  resolveSettings({
    failureLimit: fraction(2, 2),
    successLimit: fraction(2, 3),
    probeConcurrency: 2,
    cooldown: (n) => 1000 * 2 ** n,
    probeLease: '3s',
  }),
  resolveSettings({
    failureLimit: failureRate(0.5, { over: '10s', minimumThroughput: 4 }),
    successLimit: fraction(1, 2),
    cooldown: '4s',
  }),
  resolveSettings({
    failureLimit: failureRate(0.3, { over: '3s', minimumThroughput: 6 }),
    cooldown: '1ms',
    probeLease: '20s',
  }),
  resolveSettings({ failureLimit: fraction(40, 90), cooldown: '2s', reporters: 3 }),
]

/** Few isolates, so that they meet; not all hold others alive for equally long. */
const isolate = (random: Random): Reporter => ({
  id: random.pick([-2_147_483_648, -7, 1, 2, 3, 4, 5, 2_147_483_647]),
  aliveMs: random.pick([12_500, 12_500, 12_500, 3_000, 60_000]),
})

/** Calls that are told of, by shares that come to no round numbers. */
const told = (random: Random): { tell?: Tell } => {
  if (random.chance(0.3)) return {}
  const share = random.pick([1, 1, 1, 0.7, 0.123456789, 0.01])
  const draw = share * random.next()
  return { tell: { calls: random.int(1, 5_000), spanMs: random.int(1, 40_000), draw, share } }
}

/** One breaker as the specification has it, and what could be sent to it. */
export class Model {
  state: StoredState = BLANK
  foreign: ForeignWrite | null = null
  readonly #past: StoredState[] = []
  readonly #sent: Extract<Event, { type: 'report' }>[] = []
  readonly #generations: number[] = [0]

  /** What the next statement that writes makes of a foreign write. */
  settle(now: number): readonly object[] {
    if (this.foreign === null) return []
    const before = this.state
    this.state = reconcile(before, this.foreign, now)
    this.foreign = null
    const line = audit(before, this.state, null, now)
    return line === null ? [] : [line]
  }

  apply(event: Event, now: number) {
    const before = this.state
    const step = transition(before, event, now)
    this.state = step.state
    if (step.state !== before) this.#past.push(before)
    if (step.state.generation !== before.generation) this.#generations.push(step.state.generation)
    const line = audit(before, step.state, event, now)
    return { verdict: step.verdict, token: step.token ?? null, lines: line === null ? [] : [line] }
  }

  /** The row as a restored backup would have it; undefined: it had none yet. */
  past(random: Random): StoredState | undefined {
    return this.#past.length === 0 ? undefined : random.pick(this.#past.slice(-20))
  }

  event(random: Random): Event {
    const settings = random.chance(0.7) ? SETTINGS[0]! : random.pick(SETTINGS)
    const dice = random.next()
    if (dice < 0.55) return this.#report(random, settings)
    if (dice < 0.62) return this.#show(random, settings)
    if (dice < 0.92)
      return {
        type: 'acquire',
        leaseMs: random.pick([settings.probeLeaseMs, settings.probeLeaseMs, 1, 60_000]),
        settings,
      }
    return this.#command(random, settings)
  }

  #report(random: Random, settings: Settings): Event {
    if (this.#sent.length > 0 && random.chance(0.15)) return random.pick(this.#sent.slice(-40))
    const half = this.state.status === 'HALF_OPEN' ? this.state : undefined
    const listed = half ? half.leases.filter(() => random.chance(0.5)) : []
    const tokens = [...listed, ...(random.chance(0.1) ? [random.int(1, 9)] : [])]
    const long = random.chance(0.02)
    const length = half && random.chance(0.9) ? tokens.length : random.int(0, long ? 1_200 : 12)
    const badness = random.pick([0, 0.1, 0.5, 0.9, 1])
    const report: Extract<Event, { type: 'report' }> = {
      type: 'report',
      generation: random.chance(0.85)
        ? this.state.generation
        : random.chance(0.5)
          ? this.state.previousGeneration
          : random.pick(this.#generations),
      flushId: random.int(-2_147_483_648, 2_147_483_647),
      since: random.chance(0.95)
        ? (this.state.flushIds[random.chance(0.9) ? 0 : random.int(0, 130)] ?? null)
        : random.pick([null, 7]),
      outcomes: Array.from({ length }, () => (random.chance(badness) ? '1' : '0')).join(''),
      tokens,
      released:
        half && random.chance(0.2)
          ? half.leases.filter((token) => !tokens.includes(token) && random.chance(0.5))
          : [],
      retryAfterMs: random.chance(0.15) ? random.int(0, 30_000) : null,
      trip: random.chance(0.04),
      wouldReject: random.chance(0.05) ? random.int(1, 5) : 0,
      settings,
      ...(random.chance(0.85) && { reporter: isolate(random) }),
      ...told(random),
      ...(random.chance(0.1) && { told: random.pick([0.5, 0.31, 0.001]) }),
    }
    this.#sent.push(report)
    return report
  }

  #show(random: Random, settings: Settings): Event {
    return {
      type: 'show',
      reporter: isolate(random),
      alone: random.chance(0.2),
      ...told(random),
      settings,
    }
  }

  #command(random: Random, settings: Settings): Event {
    const who = {
      type: 'command',
      actor: random.pick([null, 'ana']),
      reason: random.pick([null, 'maintenance']),
    } as const
    const command = random.pick([
      'open',
      'close',
      'reset',
      'override',
      'override',
      'override',
    ] as const)
    if (command === 'open') return { ...who, order: { command, cooldownMs: settings.cooldownMs } }
    if (command !== 'override') return { ...who, order: { command } }
    const override = random.pick<OverrideKind | null>([
      'FORCED_OPEN',
      'DISABLED',
      'METRICS_ONLY',
      'METRICS_ONLY',
      null,
      null,
    ])
    return {
      ...who,
      order: { command, override, forMs: random.chance(0.8) ? random.int(1, 20_000) : null },
    }
  }

  foreignWrite(random: Random, now: number): ForeignWrite {
    const status = random.pick(['CLOSED', 'OPEN', 'HALF_OPEN'] as const)
    const openUntil =
      status === 'OPEN' && random.chance(0.9)
        ? (Math.floor(now / 1_000) + random.int(-3, 20)) * 1_000
        : null
    return {
      status,
      failureCount: random.pick([0, 0, 1, 3]),
      openUntil,
      window: random.chance(0.4),
    }
  }
}
