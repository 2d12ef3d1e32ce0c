import type { CircuitState } from '../core/state.ts'
import type { Exchanged } from '../storage/port.ts'
import type { StatusChange, ViewListener } from './listener.ts'

/** Tells a listener of each change of status once: as its own where this instance's statement made it, else as the fleet's. */
export class Announcer {
  readonly #listener: Pick<ViewListener, 'statusChanged'>
  /** The status last told of, or first seen: a first view is no change. */
  #seen: CircuitState | null = null

  constructor(listener: Pick<ViewListener, 'statusChanged'>) {
    this.#listener = listener
  }

  announce({ snapshot, transitions }: Pick<Exchanged, 'snapshot' | 'transitions'>): void {
    for (const { from, to, generation, at, cause, reason, actor } of transitions) {
      this.#seen ??= from
      // What led there was another's doing.
      this.#tell(from, {
        generation: snapshot.previousGeneration,
        at,
        cause: null,
        reason: null,
        actor: null,
        origin: 'fleet',
      })
      this.#tell(to, { generation, at, cause, reason, actor, origin: 'self' })
    }
    const { status, generation, cause, override } = snapshot
    const words = { reason: override?.reason ?? null, actor: override?.actor ?? null }
    this.#tell(status, { generation, at: generation, cause, ...words, origin: 'fleet' })
  }

  #tell(to: CircuitState, change: StatusChange): void {
    if (this.#seen !== null && this.#seen !== to)
      this.#listener.statusChanged(this.#seen, to, change)
    this.#seen = to
  }
}
