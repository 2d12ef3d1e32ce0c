/** After how many failures in a row that nobody was told of a look each is too much. */
const FIRST_FAILURES = 8
/** How often it looks after that. */
const LOOK_MS = 1_000

/** Whether to look at a row because of failures that thinning leaves out: others may have had something to tell. */
export class Lookout {
  #failuresInRow = 0
  #lookedAt = Number.NEGATIVE_INFINITY
  #due = false

  /** Is there a failure that nobody was told of, since the last look? */
  get due(): boolean {
    return this.#due
  }

  /** Nobody was told of a failure: should the row be looked at? */
  leftOut(now: number): boolean {
    this.#failuresInRow++
    const looks = this.#failuresInRow <= FIRST_FAILURES || now - this.#lookedAt >= LOOK_MS
    if (looks) this.#lookedAt = now
    this.#due ||= looks
    return looks
  }

  /** A request goes out, and will be answered with what the row says. */
  looks(): void {
    this.#due = false
  }

  succeeded(): void {
    this.#failuresInRow = 0
  }

  /** The clock stepped back. */
  forgetInstants(): void {
    this.#lookedAt = Number.NEGATIVE_INFINITY
  }
}
