import { type Duration, toMilliseconds } from '../../src/core/duration.ts'
import type { Command, Order, Report, Show, Verdict } from '../../src/core/event.ts'
import { resolveSettings, type Settings, type SettingsOptions } from '../../src/core/settings.ts'
import { BLANK, type OverrideKind, type StoredState } from '../../src/core/state.ts'
import { audit, transition } from '../../src/core/transition.ts'

const YEAR = { min: 0, max: 365 * 86_400_000 }

/** A breaker and a clock, told what happens: tests of the state machine read as scripts. */
export class Script {
  state: StoredState = BLANK
  now: number = Date.UTC(2026, 0, 1)
  settings: Settings
  /** Every line of the audit log as `FROM > TO (cause)`. */
  readonly lines: string[] = []
  #flushId = 0

  constructor(options: SettingsOptions = {}) {
    this.settings = resolveSettings(options)
  }

  pass(duration: Duration): void {
    this.now += toMilliseconds('duration', duration, YEAR)
  }

  stepBack(duration: Duration): void {
    this.now -= toMilliseconds('duration', duration, YEAR)
  }

  succeed(times = 1): Verdict {
    return this.report('0'.repeat(times))
  }

  fail(times = 1, more: Partial<Report> = {}): Verdict {
    return this.report('1'.repeat(times), more)
  }

  /** Outcomes in the generation that stands, from a sender who has seen the newest write. */
  report(outcomes: string, more: Partial<Report> = {}): Verdict {
    return this.send(this.draft(outcomes, more))
  }

  draft(outcomes: string, more: Partial<Report> = {}): Report {
    return {
      type: 'report',
      generation: this.state.generation,
      flushId: ++this.#flushId,
      since: this.state.flushIds[0] ?? null,
      outcomes,
      tokens: [],
      released: [],
      retryAfterMs: null,
      trip: false,
      wouldReject: 0,
      settings: this.settings,
      ...more,
    }
  }

  send(event: Report | Show | Command): Verdict {
    return this.#happen(event).verdict
  }

  acquire(leaseMs: number = this.settings.probeLeaseMs): Verdict {
    return this.#happen({ type: 'acquire', leaseMs, settings: this.settings }).verdict
  }

  /** A probe that must be granted; its token. */
  probe(leaseMs: number = this.settings.probeLeaseMs): number {
    const { verdict, token } = this.#happen({ type: 'acquire', leaseMs, settings: this.settings })
    if (token === undefined) throw new Error(`no probe: ${verdict}`)
    return token
  }

  probes(count: number): number[] {
    return Array.from({ length: count }, () => this.probe())
  }

  order(order: Order, actor: string | null = null, reason: string | null = null): Verdict {
    return this.send({ type: 'command', order, actor, reason })
  }

  override(kind: OverrideKind | null, forMs: number | null = null): Verdict {
    return this.order({ command: 'override', override: kind, forMs }, 'ana', 'maintenance')
  }

  #happen(event: Parameters<typeof transition>[1]) {
    const before = this.state
    const step = transition(before, event, this.now)
    const line = audit(before, step.state, event, this.now)
    if (line) this.lines.push(`${line.from} > ${line.to} (${line.cause})`)
    this.state = step.state
    return step
  }
}

/** A script whose breaker is half-open, with one probe's place still free for each of `probes`. */
export function halfOpen(options: SettingsOptions = {}): Script {
  const script = new Script(options)
  script.order({ command: 'open', cooldownMs: [1] })
  script.pass(1)
  const token = script.probe()
  script.report('', { released: [token] })
  script.lines.length = 0
  return script
}
