import { isWithin, type Runtime, type Span, within } from '../breaker/runtime.ts'
import type { StorageCallOptions } from './admin.ts'
import { BrokenStorageError } from './answers.ts'

/** How many operations of one storage may be under way at once: a Worker has six connections. */
const MOST_AT_ONCE = 6

/** One operation that was started. */
export interface Operation<T> {
  readonly answer: Promise<T>
  /** Ends when `work` does, or when the operation's time is over: then its signal aborts. @returns was it in time? */
  watch(work: Promise<unknown>): Promise<boolean>
}

/** The operations of one storage: how many are under way, and for how long each may be. */
export class Operations {
  readonly #runtime: Runtime
  readonly #most: number
  readonly #bounded: boolean
  /** Deadlines and no flags: an operation of a request that was torn down never says that it is done. */
  readonly #underWay = new Set<Span>()

  /** @param bounded - false for a storage without connections: it is asked by any number of calls, and has nothing to abort */
  constructor(runtime: Runtime, bounded: boolean) {
    this.#runtime = runtime
    this.#bounded = bounded
    this.#most = bounded ? MOST_AT_ONCE : Number.POSITIVE_INFINITY
  }

  /** May one more begin? */
  hasRoom(now: number): boolean {
    if (this.#underWay.size < this.#most) return true
    for (const span of this.#underWay) if (!isWithin(span, now)) this.#underWay.delete(span)
    return this.#underWay.size < this.#most
  }

  /** Starts an operation that counts as failed after `ms`. Its answer is taken even when it comes later. */
  start<T>(ms: number, begin: (options: StorageCallOptions) => Promise<T>): Operation<T> {
    const now = this.#runtime.now()
    const span = { from: now, until: now + ms }
    const overdue = this.#bounded ? new AbortController() : undefined
    const answer = begun(() => begin(overdue === undefined ? {} : { signal: overdue.signal }))
    if (this.#bounded) {
      const done = () => this.#underWay.delete(span)
      this.#underWay.add(span)
      answer.then(done, done)
    }
    const watch = async (work: Promise<unknown>) => {
      const left = Math.max(0, span.until - this.#runtime.now())
      if (await within(work.then(yes, yes), left, this.#runtime)) return true
      overdue?.abort()
      return false
    }
    return { answer, watch }
  }
}

const yes = () => true

/** A storage that throws at once is one that rejects; where it says nothing, this does. */
async function begun<T>(begin: () => Promise<T>): Promise<T> {
  try {
    return await begin()
  } catch (error) {
    throw error ?? new BrokenStorageError('STORAGE_FAILED', 'the storage failed without an error')
  }
}
