import { CircuitProtectorPolicy } from '../breaker/circuit-protector.ts'
import type { LineSource } from '../breaker/line.ts'
import type { CircuitProtectorOptions } from '../breaker/options.ts'
import { checkedInteger } from '../core/checks.ts'
import { Recent } from './recent.ts'

/** Keeps work going behind a request. */
type Keep = (work: Promise<unknown>) => void

/** Breakers that share their options, one for each key in use. */
export class LiveBreakers {
  readonly #options: CircuitProtectorOptions
  readonly #breakers: Recent<CircuitProtectorPolicy>
  readonly #left = new WeakSet<CircuitProtectorPolicy>()
  readonly #numbers = new WeakMap<LineSource, number>()
  #storages = 0

  /** @throws {InvalidOptionError} naming `maxBreakers` */
  constructor(options: CircuitProtectorOptions, maxBreakers = 1_000) {
    this.#options = options
    this.#breakers = new Recent(checkedInteger('maxBreakers', maxBreakers, 1, 100_000))
  }

  /** The breaker of this key. The one that makes room for it sends what it still holds. */
  get(storage: LineSource | undefined, resourceKey: string, keep: Keep): CircuitProtectorPolicy {
    return this.#breakers.get(
      `${this.#numberOf(storage)} ${resourceKey}`,
      () =>
        new CircuitProtectorPolicy({ ...this.#options, ...(storage && { storage }), resourceKey }),
      (breaker) => {
        this.#left.add(breaker)
        quietly(keep, breaker.dispose())
      },
    )
  }

  #numberOf(storage: LineSource | undefined): number {
    if (storage === undefined) return 0
    const number = this.#numbers.get(storage) ?? ++this.#storages
    this.#numbers.set(storage, number)
    return number
  }

  /** A call has ended. What it reports to a breaker that made room meanwhile would wait for a call that never comes. */
  ended(breaker: CircuitProtectorPolicy, keep: Keep): void {
    if (this.#left.has(breaker)) quietly(keep, breaker.flush())
  }
}

/** Work that cannot be kept goes on by itself: no call suffers from that, and its breaker has told of it. */
function quietly(keep: Keep, work: Promise<unknown>): void {
  try {
    keep(work)
  } catch {}
}
