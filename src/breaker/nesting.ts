import { ProtectedCallError } from '../core/rejection.ts'
import { type CallContext, type CallOptions, LazyContext } from './call.ts'
import type { LineOptions } from './line.ts'

/** How many further calls a probe takes along at most. */
const MOST_FURTHER = 4
/** How deep a rejection may lie in the causes of an error. */
const DEEPEST_CAUSE = 5

/** The breakers whose calls a call is part of, the innermost first. */
export interface Frame {
  readonly breaker: Nesting
  readonly outer: Frame | undefined
}

/** A probe that is out, and how many further calls of its isolate it still takes along. */
interface Escort {
  readonly probe: Nesting
  readonly generation: number
  readonly token: number
  left: number
}

/**
 * Whose function runs right now, up to its first `await`. It passes through breakers of any key.
 */
let running: Frame | undefined
/** Empty but for probes of breakers that are known to be met twice in one call. */
const escorts = new Set<Escort>()

/** Does what runs right now belong to a call, of whichever breaker? */
export function isNested(): boolean {
  return running !== undefined
}

/** Calls `fn`. What it calls before its first `await` is part of the call that `frame` is of. */
export function runWithin<T>(
  frame: Frame,
  fn: (context: CallContext) => T,
  signal: AbortSignal | undefined,
): T {
  const before = running
  running = frame
  try {
    return fn(new LazyContext(signal, frame))
  } finally {
    running = before
  }
}

/**
 * Tells whether a call is part of another call of the same breaker. Such a call has the right of
 * the outer one, and only the outer one counts. A call is part of another where it begins before
 * the other's function first awaits, or where it names the other's context. Where nothing tells,
 * the inner call of a probe is rejected, and the breaker learns: its next probes take further calls
 * along.
 */
export class Nesting {
  readonly #storage: object | undefined
  readonly #id: LineOptions['id']
  /** Of a call that is part of no other. Almost all calls are such, so it is made once. */
  readonly #alone: Frame = { breaker: this, outer: undefined }
  /** How many further calls the next probe takes along. */
  #further = 0

  constructor(storage: object | undefined, id: LineOptions['id']) {
    this.#storage = storage
    this.#id = id
  }

  /** Is this the same breaker: the same key and namespace in the same storage? */
  isSameAs(other: Nesting): boolean {
    if (other === this) return true
    return (
      this.#storage !== undefined && other.#storage === this.#storage && this.#isNamed(other.#id)
    )
  }

  /** What a call that begins now is part of, if anything. */
  outer({ within }: CallOptions): Frame | undefined {
    return (within && LazyContext.frameOf(within)) ?? running
  }

  /** Is what has this frame part of a call of this breaker? */
  includes(frame: Frame): boolean {
    for (let each: Frame | undefined = frame; each !== undefined; each = each.outer)
      if (each.breaker.isSameAs(this)) return true
    return false
  }

  /** The frame of a call that is part of `outer`. */
  frame(outer: Frame | undefined): Frame {
    return outer === undefined ? this.#alone : { breaker: this, outer }
  }

  /** A probe begins. */
  probeBegins(generation: number, token: number): void {
    if (this.#further > 0) escorts.add({ probe: this, generation, token, left: this.#further })
  }

  /** A probe ended. Where this breaker itself rejected what it called, its calls meet it twice. */
  probeEnded(token: number, error: unknown): void {
    for (const escort of escorts)
      if (escort.probe === this && escort.token === token) escorts.delete(escort)
    if (this.#isOwnRejection(error)) this.#further = Math.min(this.#further + 1, MOST_FURTHER)
  }

  /** May this call go along with a probe of the breaker's generation? */
  goesAlong(line: { readonly generation: number }): boolean {
    if (escorts.size === 0) return false
    const { generation } = line
    for (const escort of escorts) {
      if (!escort.probe.isSameAs(this)) continue
      // A request that was torn down never says that its probe ended.
      if (escort.generation !== generation || escort.left <= 0) escorts.delete(escort)
      else return escort.left-- > 0
    }
    return false
  }

  #isNamed({ resourceKey, namespace }: LineOptions['id']): boolean {
    return resourceKey === this.#id.resourceKey && namespace === this.#id.namespace
  }

  #isOwnRejection(error: unknown): boolean {
    let each = error
    for (let depth = 0; depth < DEEPEST_CAUSE && each instanceof Error; depth++) {
      if (each instanceof ProtectedCallError && each.reason === 'HALF_OPEN' && this.#isNamed(each))
        return true
      each = each.cause
    }
    return false
  }
}
