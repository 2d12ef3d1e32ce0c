/** How many kinds of failures are noted in one outage, whatever codes a storage makes up. */
const MOST_KINDS = 8

/** The kinds of failures that were noted in this outage: each is noted once. */
export class Noted {
  readonly #kinds = new Set<unknown>()

  /** True where a failure of this kind is to be noted now. */
  isNew(error: unknown): boolean {
    const kind = codeOf(error) ?? (error instanceof Error ? error.name : undefined)
    if (this.#kinds.has(kind) || this.#kinds.size >= MOST_KINDS) return false
    this.#kinds.add(kind)
    return true
  }

  outageEnded(): void {
    this.#kinds.clear()
  }
}

export function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}
