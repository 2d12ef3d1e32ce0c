/** What was used lately, by key. The least recently used makes room. */
export class Recent<T> {
  readonly #most: number
  readonly #entries = new Map<string, T>()

  constructor(most: number) {
    this.#most = most
  }

  /**
   * The entry of this key, made where there is none. `left` is given the one that had to make room
   * for it.
   */
  get(key: string, make: () => T, left?: (entry: T) => void): T {
    const known = this.#entries.get(key)
    const entry = known ?? make()
    // A map keeps the order of insertion: what is put in last was used last.
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    if (this.#entries.size > this.#most) {
      const [oldest, leaving] = this.#entries.entries().next().value!
      this.#entries.delete(oldest)
      left?.(leaving)
    }
    return entry
  }
}
