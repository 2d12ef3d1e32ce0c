import type { Verdict } from '../../core/event.ts'
import type { CircuitState } from '../../core/state.ts'
import { InMemoryStorage } from '../../fleet/memory.ts'
import type { Admission, CircuitStorage, Exchanged, ExchangeRequest } from '../../fleet/port.ts'
import { sharedLine } from '../../fleet/shared-line.ts'
import type { SimulatedStorageOptions } from './options.ts'
import type { Random } from './random.ts'
import type { VirtualTime } from './virtual-time.ts'

/** How long a statement holds the row that finds nothing to write once it has it. */
const LOOK_MS = 0.05

/** What the storage was made to do, and when. */
export interface StorageWatcher {
  statement(kind: 'read' | 'report' | 'ask'): void
  /** The row was written, and stands so now. */
  written(isolate: number, status: CircuitState): void
  /** How long an operation took that was answered. */
  answered(ms: number): void
}

/** What was counted for one isolate in one generation. */
export interface Counted {
  readonly isolate: number
  readonly generation: number
  successes: number
  failures: number
}

/** The rows, and what was counted into them. A restore takes both back. */
interface Timeline {
  readonly rows: InMemoryStorage
  readonly counted: Map<string, Counted>
  generation: number
  version: number
}

/**
 * The fleet's one storage: the specification, behind a slow and unreliable network and a row that
 * takes one write at a time.
 */
export class SimulatedStorage {
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #options: SimulatedStorageOptions
  readonly #watcher: StorageWatcher
  readonly #start: number
  #live: Timeline
  /** What a restore brings back: it stops being written to a while before. */
  #backup: Timeline | null
  readonly #queue: (() => Promise<boolean>)[] = []
  #serving = false
  #freeAt = 0
  /** Ends faults: what is left to be sent gets through. */
  faultless = false

  constructor(
    time: VirtualTime,
    random: Random,
    options: SimulatedStorageOptions,
    watcher: StorageWatcher,
  ) {
    this.#time = time
    this.#random = random
    this.#options = options
    this.#watcher = watcher
    this.#start = time.now()
    const timeline = (): Timeline => ({
      rows: new InMemoryStorage({ clock: time.now, historyLimit: 100_000 }),
      counted: new Map(),
      generation: 0,
      version: 0,
    })
    this.#live = timeline()
    this.#backup = options.rewind === undefined ? null : timeline()
    if (options.rewind !== undefined) time.schedule(options.rewind.atMs, () => this.#restore())
  }

  /** The rows as they are, without a network. */
  get rows(): InMemoryStorage {
    return this.#live.rows
  }

  get counted(): Iterable<Counted> {
    return this.#live.counted.values()
  }

  /** One isolate's way to the storage. */
  connect(isolate: number): CircuitStorage {
    const unused = (): never => {
      throw new Error('the simulator makes no operator commands')
    }
    return {
      shared: true,
      line: sharedLine,
      exchange: (requests) => this.#exchange(isolate, requests),
      acquire: (request) =>
        this.#operate('ask', async () => {
          const answer = await this.#onBoth((rows) => rows.acquire(request))
          return [answer, this.#changed(answer, isolate)]
        }),
      control: unused,
      list: unused,
      history: unused,
      prune: unused,
    }
  }

  #exchange(isolate: number, requests: readonly ExchangeRequest[]): Promise<readonly Exchanged[]> {
    const { report, show } = requests[0]!
    const apply = async (): Promise<[readonly Exchanged[], boolean]> => {
      const answers = await this.#onBoth((rows) => rows.exchange(requests))
      if (report !== undefined)
        this.#count(isolate, report.generation, report.outcomes, answers[0]!.verdict)
      return [answers, this.#changed(answers[0]!, isolate)]
    }
    return this.#operate(
      report === undefined ? 'read' : 'report',
      apply,
      () => show !== undefined || report?.generation === this.#live.generation,
    )
  }

  /**
   * Sends a request through network and faults; `locks`: does it wait for the row? It looks before
   * it does.
   */
  async #operate<T>(
    kind: 'read' | 'report' | 'ask',
    apply: () => Promise<[T, boolean]>,
    locks: () => boolean = () => false,
  ): Promise<T> {
    const {
      latency = { min: 10, mean: 30 },
      timeouts = 0,
      lostAnswers = 0,
      outages = [],
    } = this.#options
    const started = this.#time.now()
    this.#watcher.statement(kind)
    const oneWay = this.#random.spread(latency) / 2
    const fate = this.faultless ? 1 : this.#random.next()
    await this.#time.after(oneWay)
    const since = this.#time.now() - this.#start
    if (
      !this.faultless &&
      outages.some(({ fromMs, untilMs }) => since >= fromMs && since < untilMs)
    ) {
      await this.#time.after(oneWay)
      throw new Error('the storage is down')
    }
    if (fate < timeouts) return new Promise<never>(() => {})
    const answer = locks() ? await this.#inTurn(apply) : (await apply())[0]
    await this.#time.after(oneWay)
    if (fate < timeouts + lostAnswers) throw new Error('the connection was reset')
    this.#watcher.answered(this.#time.now() - started)
    return answer
  }

  /** Waits for the row behind all who came before. */
  #inTurn<T>(apply: () => Promise<[T, boolean]>): Promise<T> {
    return new Promise((resolve) => {
      this.#queue.push(async () => {
        const [answer, wrote] = await apply()
        resolve(answer)
        return wrote
      })
      if (!this.#serving) void this.#serve()
    })
  }

  async #serve(): Promise<void> {
    this.#serving = true
    const { writeMs = 0.7 } = this.#options
    for (let next = 0; next < this.#queue.length; next++) {
      const wait = Math.floor(this.#freeAt - this.#time.now())
      if (wait > 0) await this.#time.after(wait)
      const wrote = await this.#queue[next]!()
      this.#freeAt = Math.max(this.#freeAt, this.#time.now()) + (wrote ? writeMs : LOOK_MS)
    }
    this.#queue.length = 0
    this.#serving = false
  }

  /** What the live rows answer. A backup that is still being written takes the same step. */
  #onBoth<T>(step: (rows: InMemoryStorage) => Promise<T>): Promise<T> {
    if (this.#backup !== null && this.#isBackedUp()) void step(this.#backup.rows)
    return step(this.#live.rows)
  }

  #isBackedUp(): boolean {
    const { rewind } = this.#options
    return rewind !== undefined && this.#time.now() - this.#start < rewind.atMs - rewind.byMs
  }

  #restore(): void {
    this.#live = this.#backup!
    this.#backup = null
  }

  #count(isolate: number, generation: number, outcomes: string, verdict: Verdict): void {
    if (verdict !== 'counted') return
    for (const timeline of this.#backup !== null && this.#isBackedUp()
      ? [this.#live, this.#backup]
      : [this.#live]) {
      const key = `${isolate}/${generation}`
      const counted = timeline.counted.get(key) ?? {
        isolate,
        generation,
        successes: 0,
        failures: 0,
      }
      for (const bit of outcomes) bit === '1' ? counted.failures++ : counted.successes++
      timeline.counted.set(key, counted)
    }
  }

  #changed({ snapshot }: Exchanged | Admission, isolate: number): boolean {
    const { generation, version } = snapshot
    const timeline = this.#live
    const changed = generation !== timeline.generation || version !== timeline.version
    timeline.generation = generation
    timeline.version = version
    if (changed) this.#watcher.written(isolate, snapshot.status)
    return changed
  }
}
