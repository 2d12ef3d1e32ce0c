/**
 * A clock that jumps from one event to the next, in whole milliseconds. Between two jumps all
 * promises run on until none is left that could: a run is as deterministic as the code in it, and
 * takes as long as that code does.
 */
export class VirtualTime {
  #now: number
  readonly #events = new Map<number, (() => void)[]>()
  /** The instants that have events, as a binary heap: the earliest first. */
  readonly #instants: number[] = []

  constructor(start: number) {
    this.#now = start
  }

  readonly now = (): number => this.#now

  /** Resolves after so many milliseconds, rounded up. */
  readonly after = (ms: number): Promise<void> =>
    new Promise((resolve) => this.schedule(ms, resolve))

  /**
   * Calls `event` in so many milliseconds, rounded up. Events of one instant happen in the order in
   * which they were asked for.
   */
  schedule(ms: number, event: () => void): void {
    const at = this.#now + Math.max(0, Math.ceil(ms))
    const events = this.#events.get(at)
    if (events !== undefined) {
      events.push(event)
      return
    }
    this.#events.set(at, [event])
    this.#push(at)
  }

  /** Lets time pass up to and including this instant. */
  async run(until: number): Promise<void> {
    await quiet()
    while (this.#instants.length > 0 && this.#instants[0]! <= until) {
      this.#now = this.#instants[0]!
      const events = this.#events.get(this.#now)!
      for (let next = 0; next < events.length; ) {
        while (next < events.length) events[next++]!()
        await quiet()
      }
      this.#events.delete(this.#now)
      this.#pop()
    }
    this.#now = until
  }

  #push(at: number): void {
    const heap = this.#instants
    let i = heap.push(at) - 1
    while (i > 0) {
      const parent = (i - 1) >> 1
      if (heap[parent]! <= at) break
      heap[i] = heap[parent]!
      i = parent
    }
    heap[i] = at
  }

  /** Takes the earliest instant off. New ones are never earlier, so that it still stands first. */
  #pop(): void {
    const heap = this.#instants
    const last = heap.pop()!
    if (heap.length === 0) return
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++
      if (heap[child]! >= last) break
      heap[i] = heap[child]!
      i = child
    }
    heap[i] = last
  }
}

/** Ends when no promise is left that could go on: a new task begins only then. */
function quiet(): Promise<void> {
  const { setImmediate } = globalThis as { readonly setImmediate?: (task: () => void) => unknown }
  return new Promise((resolve) => {
    if (setImmediate === undefined) setTimeout(resolve, 0)
    else setImmediate(resolve)
  })
}
