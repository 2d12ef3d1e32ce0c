import type { CircuitState } from '../../core/state.ts'

/** How far an isolate may be behind the storage, beyond its staleness bound. */
const BEHIND_MS = 2_000

/** The status of the fleet's row, as it stands in the storage. */
export class Row {
  readonly #maxStalenessMs: number
  #status: CircuitState = 'CLOSED'
  #closedSince: number

  constructor(maxStalenessMs: number, now: number) {
    this.#maxStalenessMs = maxStalenessMs
    this.#closedSince = now
  }

  /** @returns the status before, where the row opens; else undefined */
  written(status: CircuitState, now: number): CircuitState | undefined {
    const before = this.#status
    this.#status = status
    if (status === 'CLOSED' && before !== 'CLOSED') this.#closedSince = now
    return status === 'OPEN' && before !== 'OPEN' ? before : undefined
  }

  /** Has it been closed for longer than any isolate may be behind it? */
  isKnownClosed(now: number): boolean {
    return this.#status === 'CLOSED' && now - this.#closedSince > this.#maxStalenessMs + BEHIND_MS
  }
}
