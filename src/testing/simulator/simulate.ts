import type { Permit } from '../../breaker/permit.ts'
import { resolveReplicaOptions } from '../../breaker/replica-options.ts'
import { isProtectedCallError } from '../../core/rejection.ts'
import { resolveSettings } from '../../core/settings.ts'
import type { CircuitState } from '../../core/state.ts'
import { Calls, type Judged } from './calls.ts'
import { checkSimulation } from './checked.ts'
import { Dependency } from './dependency.ts'
import { Isolate } from './isolate.ts'
import { Opens } from './opens.ts'
import type { SimulationOptions } from './options.ts'
import { Oracle } from './oracle.ts'
import { Outcomes } from './outcomes.ts'
import { Phases } from './phases.ts'
import { Random } from './random.ts'
import type { SimulationReport } from './report.ts'
import { Row } from './row.ts'
import { Stop } from './stop.ts'
import { SimulatedStorage } from './storage.ts'
import { Traffic } from './traffic.ts'
import { VirtualTime } from './virtual-time.ts'

const START = Date.UTC(2026, 0, 1)
const KEY = 'dependency'
/** How long a fleet whose calls have ended may take to send what it still holds. */
const FAREWELL_MS = 30_000

/**
 * Runs a fleet of breakers in virtual time: the real policy, the real replica and the real
 * transition, on a storage and a dependency that behave as badly as they are told to.
 * Deterministic: the same options give the same report.
 * @throws {InvalidOptionError} naming the option, its range and the value
 */
export function simulate(options: SimulationOptions): Promise<SimulationReport> {
  checkSimulation(options)
  return new Fleet(options).run()
}

class Fleet {
  readonly #options: SimulationOptions
  readonly #time = new VirtualTime(START)
  readonly #traffic: Traffic<Isolate>
  /**
   * Apart from the traffic's, so that what the breakers do has no influence on the calls that come.
   */
  readonly #chance: Random
  readonly #storage: SimulatedStorage
  readonly #oracle: Oracle
  readonly #dependency: Dependency
  readonly #phases: Phases
  readonly #names: readonly string[]
  readonly #calls: Calls
  readonly #stop: Stop
  readonly #row: Row
  readonly #isolates: Isolate[] = []
  readonly #outcomes = new Outcomes()
  readonly #surprises = new Set<string>()
  readonly #opens = new Opens()
  #dead = false
  #probes = 0
  #probesAtOnce = 0
  #longestWaitMs = 0
  #ending = false

  constructor(options: SimulationOptions) {
    const { seed = 1, storage = {}, breaker, fleet, dependency, durationMs } = options
    this.#options = options
    this.#traffic = new Traffic(this.#time, new Random(seed), {
      begin: (group) => this.#isolate(group),
      phase: (group) => this.#dependency.of(group, this.#ms()),
      call: (isolate, fails, durationMs) =>
        void this.#call(isolate, fails, durationMs).then(() => isolate.callDone()),
    })
    this.#chance = new Random(seed + 1)
    const settings = resolveSettings(breaker)
    const { maxStalenessMs } = resolveReplicaOptions(breaker, settings, true)
    this.#row = new Row(maxStalenessMs, START)
    this.#dependency = new Dependency(fleet, dependency)
    this.#phases = new Phases(dependency, durationMs)
    this.#names = fleet.map(({ name }, i) => name ?? String(i))
    this.#calls = new Calls(this.#names)
    this.#stop = new Stop(maxStalenessMs)
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
    for (const { fromMs } of dependency)
      this.#time.schedule(fromMs, () => void this.#phases.at(this.#ms()))
    for (const ms of this.#dependency.changesAt) this.#time.schedule(ms, () => this.#changed())
    this.#traffic.begin(fleet)
    await this.#time.run(START + durationMs - 1)
    this.#ending = true
    this.#traffic.end()
    this.#storage.faultless = true
    // Twice: what is under way at the end may fail yet, and is kept then.
    for (const farewell of [1, 2]) {
      for (const { policy } of this.#isolates) void policy?.flush()
      await this.#time.run(START + durationMs + farewell * FAREWELL_MS)
    }
    return this.#report()
  }

  #isolate(group: number): Isolate {
    const id = this.#isolates.length
    const { breaker, fleet } = this.#options
    const { callsPerLife = Number.POSITIVE_INFINITY } = fleet[group]!
    const isolate = new Isolate(id, group, callsPerLife, {
      ...breaker,
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
      onNotice: (notice) => {
        if (notice.code !== 'STORAGE_FAILED') this.#surprises.add(notice.message)
        return breaker.onNotice?.(notice)
      },
      onDropped: (policy, dropped) => {
        this.#outcomes.dropped(dropped)
        return breaker.onDropped?.(policy, dropped)
      },
    })
    this.#isolates.push(isolate)
    return isolate
  }

  async #call(isolate: Isolate, fails: boolean, durationMs: number): Promise<void> {
    const arrived = this.#time.now()
    const { group } = isolate
    const dead = this.#dependency.of(group, this.#ms()).failures === 1
    const oracleRejects = this.#oracle.call(fails, durationMs) === 'rejected'
    const judged = { group, dead, oracleRejects }
    this.#phases.tally.calls++
    this.#calls.came(judged)

    const permit = await this.#admitted(isolate, judged)
    this.#longestWaitMs = Math.max(this.#longestWaitMs, this.#time.now() - arrived)
    if (permit === null) return
    this.#calls.reached(judged, permit.probe)
    this.#reached(isolate, permit, arrived)
    await this.#time.after(durationMs)
    if (permit.probe) this.#probes--
    isolate.ended(permit.generation, fails)
    if (fails) this.#stop.failed(isolate, this.#time.now())
    await (fails ? permit.failure(new Error('failed')) : permit.success())
  }

  async #admitted(isolate: Isolate, judged: Judged): Promise<Permit | null> {
    try {
      return await isolate.policy!.acquire()
    } catch (error) {
      if (isProtectedCallError(error)) this.#rejected(judged)
      else this.#surprises.add(String(error))
      return null
    }
  }

  #rejected(judged: Judged): void {
    this.#calls.rejected(judged)
    const { tally } = this.#phases
    tally.rejected++
    if (this.#row.isKnownClosed(this.#time.now())) tally.wronglyRejected++
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

  /** Another phase begins, for one group or for more. */
  #changed(): void {
    const dead = this.#dependency.isDead(this.#ms())
    if (dead === this.#dead) return
    this.#dead = dead
    if (!dead) return this.#stop.revived()
    this.#stop.died(this.#time.now())
    this.#opens.died()
  }

  #oracleOpened(from: CircuitState): void {
    this.#stop.limitReached(this.#time.now())
    if (from === 'CLOSED' && !this.#ending) this.#opens.opened('oracle', this.#ms(), this.#dead)
  }

  /** Since the start. */
  #ms(): number {
    return this.#time.now() - START
  }

  #second(): number {
    return Math.floor(this.#ms() / 1_000)
  }

  #statement(kind: 'read' | 'report' | 'ask'): void {
    if (this.#ending) return
    const { tally, statements } = this.#phases
    tally[kind === 'read' ? 'reads' : kind === 'report' ? 'reports' : 'asks']++
    statements[this.#second()]!++
  }

  #written(isolate: number, status: CircuitState): void {
    const before = this.#row.written(status, this.#time.now())
    if (before !== undefined) this.#stop.opened(this.#time.now())
    if (this.#ending) return
    if (before === 'CLOSED') this.#opens.opened('fleet', this.#ms(), this.#dead)
    this.#stop.wrote(this.#isolates[isolate]!, this.#time.now())
    const { tally, writes } = this.#phases
    tally.writes++
    writes[this.#second()]!++
  }

  #report(): SimulationReport {
    const total = this.#calls.total()
    return {
      calls: total.calls,
      phases: this.#phases.reports(),
      groups: this.#calls.groups(),
      total,
      statementsPer1000Calls: this.#phases.statementsPer1000Calls(),
      opens: this.#opens.report(),
      stop: this.#stop.report(this.#isolates, this.#names, START),
      probesAtOnce: this.#probesAtOnce,
      outcomes: this.#outcomes.report(this.#isolates, this.#storage.counted),
      callers: { longestWaitMs: this.#longestWaitMs, surprises: [...this.#surprises] },
      slowestStorageMs: this.#stop.roundTripMs,
      perSecond: { statements: this.#phases.statements, writes: this.#phases.writes },
    }
  }
}
