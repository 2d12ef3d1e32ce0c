import type { Dropped } from '../../breaker/listener.ts'
import type { Permit } from '../../breaker/permit.ts'
import { checkKnown } from '../../core/checks.ts'
import { isProtectedCallError } from '../../core/rejection.ts'
import { resolveSettings } from '../../core/settings.ts'
import type { CircuitState } from '../../core/state.ts'
import { resolveReplicaOptions } from '../../fleet/options.ts'
import { Isolate } from './isolate.ts'
import { SIMULATION_OPTIONS, type SimulationOptions } from './options.ts'
import { Oracle } from './oracle.ts'
import { Phases } from './phases.ts'
import { Random } from './random.ts'
import type { OutcomesReport, SimulationReport } from './report.ts'
import { Stop } from './stop.ts'
import { SimulatedStorage } from './storage.ts'
import { Traffic } from './traffic.ts'
import { VirtualTime } from './virtual-time.ts'

const START = Date.UTC(2026, 0, 1)
const KEY = 'dependency'
/** How long a fleet whose calls have ended may take to send what it still holds. */
const FAREWELL_MS = 30_000
/** How far an isolate may be behind the storage, beyond its staleness bound. */
const BEHIND_MS = 2_000

/**
 * Runs a fleet of breakers in virtual time: the real policy, the real replica and the real transition, on a storage and a dependency
 * that behave as badly as they are told to. Deterministic: the same options give the same report.
 */
export function simulate(options: SimulationOptions): Promise<SimulationReport> {
  checkKnown(options, SIMULATION_OPTIONS)
  return new Fleet(options).run()
}

class Fleet {
  readonly #options: SimulationOptions
  readonly #time = new VirtualTime(START)
  readonly #traffic: Traffic<Isolate>
  /** Apart from the traffic's, so that what the breakers do has no influence on the calls that come. */
  readonly #chance: Random
  readonly #storage: SimulatedStorage
  readonly #oracle: Oracle
  readonly #phases: Phases
  readonly #stop: Stop
  readonly #maxStalenessMs: number
  readonly #isolates: Isolate[] = []
  readonly #dropped: Record<Dropped['why'], number> = {
    age: 0,
    overflow: 0,
    unknown: 0,
    refused: 0,
    disposed: 0,
  }
  readonly #surprises = new Set<string>()
  readonly #deadOpens = { fleet: new Set<number>(), oracle: new Set<number>() }
  #opens = { fleet: 0, oracle: 0, falseFleet: 0, falseOracle: 0 }
  #seen = 0
  #closedSince = START
  #rowStatus: CircuitState = 'CLOSED'
  #probes = 0
  #probesAtOnce = 0
  #longestWaitMs = 0
  #totalCalls = 0
  #ending = false

  constructor(options: SimulationOptions) {
    const { seed = 1, storage = {}, breaker, dependency, durationMs } = options
    this.#options = options
    this.#traffic = new Traffic(this.#time, new Random(seed), {
      begin: (group) => this.#isolate(group),
      phase: () => this.#phases.at(this.#time.now() - START),
      call: (isolate, fails, durationMs) => void this.#call(isolate, fails, durationMs),
    })
    this.#chance = new Random(seed + 1)
    const settings = resolveSettings(breaker)
    this.#maxStalenessMs = resolveReplicaOptions(breaker, settings, true).maxStalenessMs
    this.#phases = new Phases(dependency, durationMs)
    this.#stop = new Stop(this.#maxStalenessMs)
    this.#oracle = new Oracle(this.#time, settings, (from) => this.#oracleOpened(from))
    this.#storage = new SimulatedStorage(this.#time, new Random(seed + 2), storage, {
      statement: (kind) => this.#statement(kind),
      written: (isolate, status) => this.#written(isolate, status),
      answered: (ms) => {
        this.#stop.roundTripMs = Math.max(this.#stop.roundTripMs, ms)
        if (!this.#ending) this.#phases.tally.answers.add(ms)
      },
    })
  }

  async run(): Promise<SimulationReport> {
    const { durationMs, fleet, dependency } = this.#options
    for (const phase of dependency)
      this.#time.schedule(phase.fromMs, () => this.#enter(phase.failures))
    this.#traffic.begin(fleet)
    await this.#time.run(START + durationMs - 1)
    this.#ending = true
    this.#traffic.end()
    this.#storage.faultless = true
    // Twice: what is under way at the end may fail yet, and is kept then.
    for (const farewell of [1, 2]) {
      for (const { policy } of this.#isolates) void policy.flush()
      await this.#time.run(START + durationMs + farewell * FAREWELL_MS)
    }
    return this.#report()
  }

  #isolate(group: number): Isolate {
    const id = this.#isolates.length
    const isolate = new Isolate(id, group, {
      ...this.#options.breaker,
      resourceKey: KEY,
      storage: this.#storage.connect(id),
      background: 'float',
      runtime: {
        now: this.#time.now,
        random: this.#chance.next,
        word: () => this.#chance.next() * 4_294_967_296,
        after: this.#time.after,
      },
      // That the storage fails is what the scenario makes of it.
      onNotice: ({ code, message }) => {
        if (code !== 'STORAGE_FAILED') this.#surprises.add(message)
      },
      onDropped: (_, { outcomes, why }) => {
        this.#dropped[why] += outcomes
      },
    })
    this.#isolates.push(isolate)
    return isolate
  }

  async #call(isolate: Isolate, fails: boolean, durationMs: number): Promise<void> {
    const arrived = this.#time.now()
    this.#totalCalls++
    this.#phases.tally.calls++
    this.#oracle.call(fails, durationMs)

    const permit = await this.#admitted(isolate)
    this.#longestWaitMs = Math.max(this.#longestWaitMs, this.#time.now() - arrived)
    if (permit === null) return
    this.#reached(isolate, permit, arrived)
    await this.#time.after(durationMs)
    if (permit.probe) this.#probes--
    isolate.ended(permit.generation, fails)
    if (fails) this.#stop.failed(isolate, this.#time.now())
    await (fails ? permit.failure(new Error('failed')) : permit.success())
  }

  async #admitted(isolate: Isolate): Promise<Permit | null> {
    try {
      return await isolate.policy.acquire()
    } catch (error) {
      if (isProtectedCallError(error)) this.#rejected()
      else this.#surprises.add(String(error))
      return null
    }
  }

  #rejected(): void {
    const { tally } = this.#phases
    tally.rejected++
    const behind = this.#time.now() - this.#closedSince
    if (this.#rowStatus === 'CLOSED' && behind > this.#maxStalenessMs + BEHIND_MS)
      tally.wronglyRejected++
  }

  #reached(isolate: Isolate, { probe }: Permit, arrived: number): void {
    const { tally } = this.#phases
    tally.reached++
    if (probe) {
      tally.probes++
      this.#probes++
      this.#probesAtOnce = Math.max(this.#probesAtOnce, this.#probes)
    } else {
      this.#stop.reached(isolate, arrived, this.#time.now())
    }
  }

  #enter(failures: number): void {
    this.#phases.at(this.#time.now() - START)
    if (failures === 1) this.#stop.died(this.#time.now())
    else this.#stop.revived()
    this.#seen++
  }

  #oracleOpened(from: CircuitState): void {
    this.#stop.limitReached(this.#time.now())
    if (from === 'CLOSED') this.#tallyOpen('oracle', 'falseOracle')
  }

  #tallyOpen(who: 'fleet' | 'oracle', wrongly: 'falseFleet' | 'falseOracle'): void {
    if (this.#ending) return
    this.#opens[who]++
    if (this.#phases.at(this.#time.now() - START).failures < 1) this.#opens[wrongly]++
    else this.#deadOpens[who].add(this.#seen)
  }

  #second(): number {
    return Math.floor((this.#time.now() - START) / 1_000)
  }

  #statement(kind: 'read' | 'report' | 'ask'): void {
    if (this.#ending) return
    const { tally, statements } = this.#phases
    tally[kind === 'read' ? 'reads' : kind === 'report' ? 'reports' : 'asks']++
    statements[this.#second()]!++
  }

  #written(isolate: number, status: CircuitState): void {
    if (status === 'OPEN' && this.#rowStatus !== 'OPEN') {
      this.#stop.opened(this.#time.now())
      if (this.#rowStatus === 'CLOSED') this.#tallyOpen('fleet', 'falseFleet')
    }
    if (status === 'CLOSED' && this.#rowStatus !== 'CLOSED') this.#closedSince = this.#time.now()
    this.#rowStatus = status
    if (this.#ending) return
    this.#stop.wrote(this.#isolates[isolate]!, this.#time.now())
    const { tally, writes } = this.#phases
    tally.writes++
    writes[this.#second()]!++
  }

  #report(): SimulationReport {
    const names = this.#options.fleet.map(({ name }, i) => name ?? String(i))
    const missed = [...this.#deadOpens.oracle].filter(
      (phase) => !this.#deadOpens.fleet.has(phase),
    ).length
    return {
      calls: this.#totalCalls,
      phases: this.#phases.reports(),
      opens: { ...this.#opens, missed },
      stop: this.#stop.report(this.#isolates, names, START),
      probesAtOnce: this.#probesAtOnce,
      outcomes: this.#outcomes(),
      callers: { longestWaitMs: this.#longestWaitMs, surprises: [...this.#surprises] },
      slowestStorageMs: this.#stop.roundTripMs,
      perSecond: { statements: this.#phases.statements, writes: this.#phases.writes },
    }
  }

  #outcomes(): OutcomesReport {
    const happened = { successes: 0, failures: 0 }
    const counted = { successes: 0, failures: 0 }
    let doubled = 0
    for (const isolate of this.#isolates) {
      const { successes, failures } = isolate.total()
      happened.successes += successes
      happened.failures += failures
    }
    for (const { isolate, generation, successes, failures } of this.#storage.counted) {
      const own = this.#isolates[isolate]!.happened(generation)
      doubled += Math.max(0, successes - own.successes) + Math.max(0, failures - own.failures)
      counted.successes += successes
      counted.failures += failures
    }
    return { happened, counted, doubled, dropped: this.#dropped }
  }
}
