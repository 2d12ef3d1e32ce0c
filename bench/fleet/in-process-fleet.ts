import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  CountBreaker,
  circuitBreaker,
  handleAll,
} from 'cockatiel'
import { resolveSettings, type Settings } from '../../src/core/settings.ts'
import type { PhaseReport, SimulationOptions } from '../../src/testing/simulator/index.ts'
import { Oracle } from '../../src/testing/simulator/oracle.ts'
import { Phases } from '../../src/testing/simulator/phases.ts'
import { Random } from '../../src/testing/simulator/random.ts'
import { Traffic } from '../../src/testing/simulator/traffic.ts'
import { VirtualTime } from '../../src/testing/simulator/virtual-time.ts'

const START = Date.UTC(2026, 0, 1)
/** How long calls that are under way at the end may take. */
const FAREWELL_MS = 10_000
const failure = new Error('failed')

/** What the same calls come to where each isolate has a breaker of its own; and where one breaker sees them all at once. */
export interface InProcessReport {
  readonly phases: readonly PhaseReport[]
  /** How often breakers opened that were closed, while the dependency was not dead. */
  readonly falseOpens: number
  /** Isolates that had calls while the dependency was dead, and whose breaker did not open by them. */
  readonly missed: number
  /** From the limit, as the oracle counts it, to the last isolate's last call that was no probe; null where it was never reached. */
  readonly lastMs: number | null
  readonly oracle: {
    readonly reached: number
    readonly probes: number
    readonly falseOpens: number
  }
}

interface Isolate {
  readonly policy: CircuitBreakerPolicy
  lastReachedAt: number
  called: boolean
  opened: boolean
  probing: boolean
}

/** Runs the calls of a simulation against cockatiel's count breaker, one for each isolate. It reads `Date.now()`: nothing else may run meanwhile. */
export async function simulateInProcess(options: SimulationOptions): Promise<InProcessReport> {
  const time = new VirtualTime(START)
  const realNow = Date.now
  Date.now = time.now
  try {
    return await new InProcessFleet(options, time).run()
  } finally {
    Date.now = realNow
  }
}

class InProcessFleet {
  readonly #options: SimulationOptions
  readonly #time: VirtualTime
  readonly #settings: Settings
  readonly #phases: Phases
  readonly #oracle: Oracle
  readonly #isolates: Isolate[] = []
  /** Of the oracle; calls only while the dependency was dead. */
  readonly #ideal = { reached: 0, probes: 0, falseOpens: 0 }
  #falseOpens = 0
  #limitAt: number | null = null

  constructor(options: SimulationOptions, time: VirtualTime) {
    this.#options = options
    this.#time = time
    this.#settings = resolveSettings(options.breaker)
    this.#phases = new Phases(options.dependency, options.durationMs)
    this.#oracle = new Oracle(time, this.#settings, (from) => {
      if (this.#isDead()) this.#limitAt ??= time.now()
      else if (from === 'CLOSED') this.#ideal.falseOpens++
    })
  }

  async run(): Promise<InProcessReport> {
    const { seed = 1, fleet, durationMs } = this.#options
    const traffic = new Traffic<Isolate>(this.#time, new Random(seed), {
      begin: () => this.#begin(),
      phase: () => this.#phases.at(this.#time.now() - START),
      call: (isolate, fails, tookMs) => void this.#call(isolate, fails, tookMs),
    })
    traffic.begin(fleet)
    await this.#time.run(START + durationMs - 1)
    traffic.end()
    await this.#time.run(START + durationMs + FAREWELL_MS)
    return this.#report()
  }

  #begin(): Isolate {
    const { trip, cooldownMs } = this.#settings
    if (!('outOf' in trip)) throw new Error('a count breaker has no time window')
    // It opens where more than this share fails: one failure fewer must not be enough.
    const threshold = (trip.failures - 0.5) / trip.outOf
    const breaker = new CountBreaker({ size: trip.outOf, threshold })
    const policy = circuitBreaker(handleAll, { halfOpenAfter: cooldownMs[0]!, breaker })
    const isolate: Isolate = {
      policy,
      lastReachedAt: Number.NEGATIVE_INFINITY,
      called: false,
      opened: false,
      probing: false,
    }
    policy.onHalfOpen(() => {
      isolate.probing = true
    })
    policy.onReset(() => {
      isolate.probing = false
    })
    policy.onBreak(() => {
      if (this.#isDead()) isolate.opened = true
      else if (!isolate.probing) this.#falseOpens++
      isolate.probing = false
    })
    this.#isolates.push(isolate)
    return isolate
  }

  async #call(isolate: Isolate, fails: boolean, tookMs: number): Promise<void> {
    const { tally } = this.#phases
    const dead = this.#isDead()
    tally.calls++
    const verdict = this.#oracle.call(fails, tookMs)
    if (dead) {
      isolate.called = true
      if (verdict !== 'rejected') this.#ideal.reached++
      if (verdict === 'probe') this.#ideal.probes++
    }
    try {
      await isolate.policy.execute(() => this.#dependency(isolate, fails, tookMs))
    } catch (error) {
      if (error instanceof BrokenCircuitError) this.#phases.tally.rejected++
      else if (error !== failure) throw error
    }
  }

  async #dependency(isolate: Isolate, fails: boolean, tookMs: number): Promise<void> {
    const { tally } = this.#phases
    const probe = isolate.policy.state !== CircuitState.Closed
    tally.reached++
    if (probe) tally.probes++
    if (!probe && this.#isDead()) isolate.lastReachedAt = this.#time.now()
    await this.#time.after(tookMs)
    if (fails) throw failure
  }

  #isDead(): boolean {
    return this.#phases.at(this.#time.now() - START).failures === 1
  }

  #report(): InProcessReport {
    const limitAt = this.#limitAt
    const last = this.#isolates.reduce((at, { lastReachedAt }) => Math.max(at, lastReachedAt), 0)
    return {
      phases: this.#phases.reports(),
      falseOpens: this.#falseOpens,
      missed: this.#isolates.filter(({ called, opened }) => called && !opened).length,
      lastMs: limitAt === null ? null : Math.max(0, last - limitAt),
      oracle: this.#ideal,
    }
  }
}
