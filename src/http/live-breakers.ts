import { CircuitProtectorPolicy } from '../breaker/circuit-protector.ts'
import type { LineSource } from '../breaker/line.ts'
import { type OnNotice, tell } from '../breaker/notice.ts'
import type { CircuitProtectorOptions } from '../breaker/options.ts'
import { OwnLine } from '../breaker/own-line.ts'
import { checkedInteger } from '../core/checks.ts'
import { mayKeep } from './kept-keys.ts'
import { Recent } from './recent.ts'

/** The default of `maxBreakers` and `maxKeys`. */
const MOST = 1_000
const MOST_OF_ALL = 100_000

/** Keeps work going behind a request. */
type Keep = (work: Promise<unknown>) => void

/** How many breakers and keys one user of {@link LiveBreakers} has. */
export interface Bounds {
  readonly maxBreakers?: number | undefined
  readonly maxKeys?: number | undefined
}

/** Breakers that share their options, one for each key in use. */
export class LiveBreakers {
  readonly #options: CircuitProtectorOptions
  readonly #maxKeys: number
  readonly #onNotice: OnNotice
  readonly #now: () => number
  readonly #breakers: Recent<CircuitProtectorPolicy>
  readonly #left = new WeakSet<CircuitProtectorPolicy>()
  readonly #numbers = new WeakMap<LineSource, number>()
  #storages = 0

  /**
   * @param now - the breakers' clock, in milliseconds since 1970
   * @throws {InvalidOptionError} naming `maxBreakers` or `maxKeys`
   */
  constructor(
    options: CircuitProtectorOptions,
    { maxBreakers = MOST, maxKeys = Math.max(MOST, maxBreakers) }: Bounds,
    onNotice: OnNotice,
    now: () => number,
  ) {
    this.#options = options
    this.#breakers = new Recent(checkedInteger('maxBreakers', maxBreakers, 1, MOST_OF_ALL))
    this.#maxKeys = checkedInteger('maxKeys', maxKeys, 1, MOST_OF_ALL)
    this.#onNotice = onNotice
    this.#now = now
  }

  /**
   * The breaker of this key. The one that makes room for it sends what it still holds.
   * @param isComputed - is the key computed? Those that a developer wrote down are few, and all of
   * them are kept
   */
  get(
    storage: LineSource | undefined,
    resourceKey: string,
    isComputed: boolean,
    keep: Keep,
  ): CircuitProtectorPolicy {
    return this.#breakers.get(
      `${this.#numberOf(storage)} ${resourceKey}`,
      () => {
        const place = storage && isComputed ? this.#placeOf(storage, resourceKey) : storage
        return new CircuitProtectorPolicy({ ...this.#options, storage: place, resourceKey })
      },
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

  /**
   * A call has ended. What it reports to a breaker that made room meanwhile would wait for a call
   * that never comes.
   */
  ended(breaker: CircuitProtectorPolicy, keep: Keep): void {
    if (this.#left.has(breaker)) quietly(keep, breaker.flush())
  }

  /** The storage, or, where it has too many keys already, nothing but the breaker itself. */
  #placeOf(storage: LineSource, resourceKey: string): LineSource {
    const { namespace = '' } = this.#options
    const isKept = mayKeep(storage, `${namespace} ${resourceKey}`, this.#maxKeys, this.#now(), () =>
      tell(this.#onNotice, {
        code: 'TOO_MANY_KEYS',
        message: `this isolate has used ${this.#maxKeys} different keys within a day, each of which leaves a row: breakers of further keys live in its memory alone; compute fewer keys, or raise maxKeys`,
      }),
    )
    if (isKept) return storage
    return { shared: false, namespace: storage.namespace, line: (made) => new OwnLine(made) }
  }
}

/**
 * Work that cannot be kept goes on by itself: no call suffers from that, and its breaker has told
 * of it.
 */
function quietly(keep: Keep, work: Promise<unknown>): void {
  try {
    keep(work)
  } catch {}
}
