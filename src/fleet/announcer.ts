import type { BreakerListener, StatusChange } from '../breaker/listener.ts'
import type { Transition } from '../core/event.ts'
import type { Snapshot } from '../core/snapshot.ts'
import type { BreakerState, CircuitState } from '../core/state.ts'

/**
 * Tells a listener of each change of status once. Each change begins at the status that the one before it ended with. The changes
 * that are not local happened in the storage, in this order; there may have been others between them.
 */
export class Announcer {
  readonly #listener: Pick<BreakerListener, 'statusChanged'>
  /** The status last told of, or first seen: a first view is no change. */
  #seen: CircuitState | null = null
  /** The newest generation of the storage's that was told of; null: none was seen yet. */
  #generation: number | null = null
  /** Is `#seen` a status that this isolate came to by itself? */
  #isLocal = false

  constructor(listener: Pick<BreakerListener, 'statusChanged'>) {
    this.#listener = listener
  }

  /**
   * @param made the changes that this instance's own statement made, oldest first
   * @param snapshot the newest there is
   * @param waits whether what the snapshot says is told later: a local status still stands, or a report of this instance from an
   *   older generation has no answer yet, and may have made the change
   */
  announce(made: readonly Transition[], snapshot: Snapshot, waits: boolean): void {
    for (const { from, to, generation, at, cause, reason, actor } of made) {
      if (this.#generation !== null && generation <= this.#generation) continue
      // The storage confirms what was told already.
      const isTold = this.#isLocal && this.#seen === to
      if (!isTold) {
        this.#seen ??= from
        // What led there was another's doing, or the end of a local status.
        const before = { generation: snapshot.previousGeneration, at, cause: null, ...NO_WORDS }
        this.#tell(from, {
          ...before,
          origin: this.#isLocal ? 'self' : 'fleet',
          local: this.#isLocal,
        })
        this.#tell(to, { generation, at, cause, reason, actor, origin: 'self', local: false })
      }
      this.#isLocal = false
      this.#generation = generation
    }
    // The answer to an earlier question may come after that to a later one, and tell of what happened between them.
    const isBehind = made.some(({ generation }) => generation > snapshot.generation)
    if (isBehind) return
    if (!waits || this.#generation === null) this.#follow(snapshot)
  }

  /** This isolate changed its status by itself, going on from `snapshot`, for the storage does not answer. */
  announceLocal(
    { status, generation, cause }: BreakerState,
    at: number,
    snapshot: Snapshot | null,
  ): void {
    if (!this.#isLocal && snapshot !== null) this.#follow(snapshot)
    this.#seen ??= 'CLOSED'
    if (this.#seen === status) return
    this.#tell(status, { generation, at, cause, ...NO_WORDS, origin: 'self', local: true })
    this.#isLocal = true
  }

  #follow({ status, generation, at, cause, override }: Snapshot): void {
    const isUnmoved = this.#generation === null || generation === this.#generation
    if (this.#seen === status) {
      // Nothing to tell, as at nearly every answer.
    } else if (this.#isLocal && isUnmoved) {
      // Nothing happened in the storage: what ends is the local state.
      const ended = { generation, at, cause: null, ...NO_WORDS }
      this.#tell(status, { ...ended, origin: 'self', local: true })
    } else {
      const words = { reason: override?.reason ?? null, actor: override?.actor ?? null }
      const change = { generation, at: generation, cause, ...words }
      this.#tell(status, { ...change, origin: 'fleet', local: false })
    }
    this.#isLocal = false
    this.#generation = generation
  }

  #tell(to: CircuitState, change: StatusChange): void {
    if (this.#seen !== null && this.#seen !== to)
      this.#listener.statusChanged(this.#seen, to, change)
    this.#seen = to
  }
}

const NO_WORDS = { reason: null, actor: null } as const
