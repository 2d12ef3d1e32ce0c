import type { Order, Report, Transition } from '../../core/event.ts'
import { resolveSettings, type Settings, type SettingsOptions } from '../../core/settings.ts'
import type { Snapshot } from '../../core/snapshot.ts'
import type { BreakerId } from '../../fleet/admin.ts'
import type { Admission, CircuitStorage, Exchanged, ExchangeRequest } from '../../fleet/port.ts'

/** A storage, as a case gets it. */
export interface StorageUnderTest {
  readonly storage: CircuitStorage
  /**
   * Moves the storage's clock on. Without it a case waits for the storage's own clock, for little
   * more than a second at most.
   */
  advance?(ms: number): void | Promise<void>
  /**
   * Called when the case is over. A caller who shares one storage between cases does nothing here.
   */
  close(): Promise<void>
}

/** What a storage does, by its title. */
export type Cases = Readonly<Record<string, (lab: Lab) => Promise<void>>>

/**
 * How much longer than asked for a clock may take before it counts as standing still, in
 * milliseconds.
 */
const PATIENCE_MS = 15_000

/**
 * What one case works with: a namespace of its own, so that cases and runs can share a database.
 */
export class Lab {
  readonly storage: CircuitStorage
  readonly namespace: string
  readonly #under: StorageUnderTest

  constructor(under: StorageUnderTest) {
    this.#under = under
    this.storage = under.storage
    this.namespace = `conformance ${crypto.randomUUID()}`
  }

  /** Can its clock be moved by hours and days? */
  get moves(): boolean {
    return this.#under.advance !== undefined
  }

  breaker(options: SettingsOptions = {}, id: Partial<BreakerId> = {}): Breaker {
    return new Breaker(
      this.storage,
      { resourceKey: 'the one', namespace: this.namespace, ...id },
      resolveSettings(options),
    )
  }

  /** Lets time pass on the storage's clock: at least so many milliseconds. */
  async pass(ms: number): Promise<void> {
    if (this.#under.advance) return void (await this.#under.advance(ms))
    const clock = this.breaker({}, { resourceKey: 'a clock' })
    const end = (await clock.read()).at + ms
    const deadline = Date.now() + ms + PATIENCE_MS
    while ((await clock.read()).at < end) {
      if (Date.now() > deadline)
        throw new Error(`the storage's clock did not pass ${ms} ms: give the suite an 'advance'`)
    }
  }
}

/** A breaker as a caller of the port sees it, who remembers the last answer. */
export class Breaker {
  readonly id: BreakerId
  readonly settings: Settings
  readonly #storage: CircuitStorage
  #seen: Pick<Snapshot, 'generation' | 'since'> = { generation: 0, since: null }

  constructor(storage: CircuitStorage, id: BreakerId, settings: Settings) {
    this.#storage = storage
    this.id = id
    this.settings = settings
  }

  /** A report of such outcomes (`1` is a failure), in the generation that was last seen. */
  report(outcomes: string, more: Partial<Report> = {}): Omit<Report, 'type'> {
    return {
      generation: this.#seen.generation,
      flushId: Math.floor(Math.random() * 2 ** 32) - 2 ** 31,
      since: this.#seen.since,
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

  async send(outcomes: string, more: Partial<Report> = {}): Promise<Exchanged> {
    return this.deliver(this.report(outcomes, more))
  }

  async deliver(report: Omit<Report, 'type'>): Promise<Exchanged> {
    return this.#remember(await this.#exchange({ ...this.id, report }))
  }

  /** An isolate makes itself known. */
  async show(id: number, alone = false): Promise<Exchanged> {
    const { settings } = this
    const show = { reporter: { id, aliveMs: 60_000 }, alone, settings }
    return this.#remember(await this.#exchange({ ...this.id, show }))
  }

  async read(): Promise<Snapshot> {
    return this.#remember(await this.#exchange(this.id)).snapshot
  }

  async acquire(leaseMs: number = this.settings.probeLeaseMs): Promise<Admission> {
    return this.#remember(
      await this.#storage.acquire({ ...this.id, settings: this.settings, leaseMs }),
    )
  }

  /** So many wishes at once. */
  async acquireAll(count: number): Promise<readonly Admission[]> {
    return Promise.all(Array.from({ length: count }, () => this.acquire()))
  }

  async order(
    order: Order,
    actor: string | null = null,
    reason: string | null = null,
  ): Promise<Exchanged> {
    return this.#remember(
      await this.#storage.control({ ...this.id, command: { order, actor, reason } }),
    )
  }

  /** Its lines of the audit log, oldest first. */
  async history(): Promise<readonly Transition[]> {
    return [...(await this.#storage.history({ ...this.id, limit: 1_000 })).items].reverse()
  }

  async #exchange(request: ExchangeRequest): Promise<Exchanged> {
    return (await this.#storage.exchange([request]))[0]!
  }

  #remember<T extends Exchanged>(answer: T): T {
    this.#seen = answer.snapshot
    return answer
  }
}

/** A snapshot without what the mere passing of time changes. */
export function lasting({ at, retryAfterMs, ...snapshot }: Snapshot): object {
  return snapshot
}
