import { CircuitProtectorPolicy } from '../../src/breaker/circuit-protector.ts'
import type { CircuitProtectorOptions } from '../../src/breaker/options.ts'
import type { Runtime } from '../../src/breaker/runtime.ts'
import { fraction } from '../../src/core/limits.ts'
import type { StoredState } from '../../src/core/state.ts'
import type { StorageCallOptions } from '../../src/fleet/admin.ts'
import { InMemoryStorage } from '../../src/fleet/memory.ts'
import type { AcquireRequest, CircuitStorage, ExchangeRequest } from '../../src/fleet/port.ts'
import { sharedLine } from '../../src/fleet/shared-line.ts'
import { VirtualTime } from '../../src/testing/simulator/virtual-time.ts'

const START = Date.UTC(2026, 0, 1)

/** What becomes of one operation: `proceed` lets it reach the storage. */
type Fate = <T>(proceed: () => Promise<T>) => Promise<T>

export interface Sent {
  readonly kind: 'exchange' | 'acquire'
  /** Milliseconds since the start. */
  readonly at: number
  readonly keys: readonly string[]
  /** What was reported, by request: `1` is a failure; null where it only reads. */
  readonly outcomes: readonly (string | null)[]
}

/** A storage in memory, seen from one isolate over a network that does what the test says. */
export class Network implements CircuitStorage {
  readonly shared = true
  readonly line = sharedLine
  readonly sent: Sent[] = []
  /** What each operation was handed to know when nobody waits for it any more. */
  readonly signals: (AbortSignal | undefined)[] = []
  readonly #lab: Lab
  readonly #fates: Fate[] = []
  /** What becomes of operations that no fate was set for. */
  usual: Fate = (proceed) => proceed()

  constructor(lab: Lab) {
    this.#lab = lab
  }

  /** Sets the fates of the next operations, in their order. */
  next(...fates: Fate[]): void {
    this.#fates.push(...fates)
  }

  exchange(
    requests: readonly ExchangeRequest[],
    options?: StorageCallOptions,
  ): ReturnType<CircuitStorage['exchange']> {
    this.signals.push(options?.signal)
    this.#note(
      'exchange',
      requests,
      requests.map(({ report }) => report?.outcomes ?? null),
    )
    return this.#fate()(() => this.#lab.store.exchange(requests))
  }

  acquire(
    request: AcquireRequest,
    options?: StorageCallOptions,
  ): ReturnType<CircuitStorage['acquire']> {
    this.signals.push(options?.signal)
    this.#note('acquire', [request], [null])
    return this.#fate()(() => this.#lab.store.acquire(request))
  }

  control(...args: Parameters<CircuitStorage['control']>): ReturnType<CircuitStorage['control']> {
    return this.#lab.store.control(...args)
  }

  list(...args: Parameters<CircuitStorage['list']>): ReturnType<CircuitStorage['list']> {
    return this.#lab.store.list(...args)
  }

  history(...args: Parameters<CircuitStorage['history']>): ReturnType<CircuitStorage['history']> {
    return this.#lab.store.history(...args)
  }

  prune(...args: Parameters<CircuitStorage['prune']>): ReturnType<CircuitStorage['prune']> {
    return this.#lab.store.prune(...args)
  }

  #note(
    kind: Sent['kind'],
    requests: readonly { resourceKey: string }[],
    outcomes: Sent['outcomes'],
  ): void {
    this.sent.push({
      kind,
      at: this.#lab.elapsed,
      keys: requests.map(({ resourceKey }) => resourceKey),
      outcomes,
    })
  }

  #fate(): Fate {
    return this.#fates.shift() ?? this.usual
  }
}

/** One row in a storage, a clock that moves when it is told to, and isolates around them. */
export class Lab {
  readonly time = new VirtualTime(START)
  /** Added to the isolates' clock. */
  skew = 0
  /** What chance gives, all but: what it names must differ. */
  chance = 0.5
  #drawn = 0
  readonly #random = (): number => this.chance + 1e-7 * ++this.#drawn
  readonly store = new InMemoryStorage({ clock: this.time.now })

  get elapsed(): number {
    return this.time.now() - START
  }

  /** A breaker in an isolate of its own, or, with `on`, beside another one. */
  breaker(
    options: CircuitProtectorOptions = {},
    on?: Network,
  ): { policy: CircuitProtectorPolicy; network: Network; runtime: Runtime } {
    const network = on ?? new Network(this)
    const runtime = {
      now: () => this.time.now() + this.skew,
      random: this.#random,
      after: this.time.after,
    }
    const policy = new CircuitProtectorPolicy({
      resourceKey: 'dependency',
      failureLimit: fraction(2, 4),
      cooldown: '10s',
      background: 'float',
      onNotice: () => {},
      storage: network,
      runtime,
      ...options,
    })
    return { policy, network, runtime }
  }

  /** Lets time pass, and all that happens meanwhile happen. */
  async pass(ms: number): Promise<void> {
    await this.time.run(this.time.now() + ms)
  }

  /** A call that ends as `outcome` says, and what came of it: `value`, `failed` or the reason of its rejection. */
  async call(policy: CircuitProtectorPolicy, outcome: 'ok' | 'fails' = 'ok'): Promise<string> {
    const called = policy.execute(() => {
      if (outcome === 'fails') throw new Error('failed')
      return 'value'
    })
    return called.catch(
      (error: { message: string; reason?: string }) => error.reason ?? error.message,
    )
  }

  /** How long a call waited before it was made or rejected, in milliseconds. */
  async waitOf(policy: CircuitProtectorPolicy): Promise<number> {
    const began = this.elapsed
    await this.call(policy)
    return this.elapsed - began
  }

  /** As {@link call}, where what it waits for needs time to pass. */
  async callWithin(
    ms: number,
    policy: CircuitProtectorPolicy,
    outcome: 'ok' | 'fails' = 'ok',
  ): Promise<string> {
    let result = 'still waiting'
    void this.call(policy, outcome).then((value) => {
      result = value
    })
    await this.pass(ms)
    return result
  }

  /** Other isolates report these outcomes, each by itself. */
  async othersReport(outcomes: string, resourceKey = 'dependency'): Promise<void> {
    for (const bit of outcomes) {
      const { policy } = this.breaker({ resourceKey, consistency: 'strong' })
      await this.call(policy, bit === '1' ? 'fails' : 'ok')
    }
  }

  /** The log of the row: `1` is a failure. */
  async log(resourceKey = 'dependency'): Promise<string> {
    return (await this.row(resourceKey)).log
  }

  async row(
    resourceKey = 'dependency',
  ): Promise<Pick<StoredState, 'log' | 'status' | 'generation'>> {
    const [answer] = await this.store.exchange([{ resourceKey, namespace: 'default' }])
    return answer!.snapshot
  }
}

/** It takes so long to arrive, and no time to come back. */
export const late =
  (lab: Lab, ms: number): Fate =>
  async (proceed) => {
    await lab.time.after(ms)
    return proceed()
  }

/** It never arrives, and nothing comes back. */
export const hangs: Fate = () => new Promise(() => {})

/** The storage does it, and its answer is lost. */
export const answerLost: Fate = async (proceed) => {
  await proceed()
  throw new Error('the connection was reset')
}

/** The storage refuses it. */
export const refused =
  (code?: string): Fate =>
  async () => {
    throw Object.assign(new Error('no'), code === undefined ? {} : { code })
  }
