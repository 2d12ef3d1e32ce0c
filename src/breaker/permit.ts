import type { CallOptions } from './call.ts'
import type { CallResult } from './classify.ts'
import type { Grant } from './line.ts'

/**
 * The right to make one call, settled by hand: for streams, sockets, and whatever does not end
 * where it began.
 */
export interface Permit {
  /** The generation that admitted the call. */
  readonly generation: number
  /** True where the call is a probe: it holds its place until it is settled, or its lease ends. */
  readonly probe: boolean
  /** The call succeeded. Resolves when that is reported; a settled permit stays as it is. */
  success(): Promise<void>
  /**
   * The call failed with this error, which is classified like one that a protected function throws.
   */
  failure(error?: unknown): Promise<void>
  /** The call says nothing about the dependency. */
  release(): Promise<void>
}

/** The call of a permit. */
export interface PermittedCall {
  readonly grant: Grant
  readonly options: CallOptions
  /** How long it waited for its grant, in milliseconds; undefined: not at all. */
  readonly waitedMs: number | undefined
  /** When it began, on the monotonic clock. */
  readonly since: number
  /** Ends the call of a probe. */
  readonly ended: ((error?: unknown) => void) | undefined
}

/** Ends such calls. */
interface Settling {
  /** A result that is undefined says nothing. @returns what there is to wait for, if anything */
  settle(call: PermittedCall, result: CallResult | undefined): Promise<unknown> | undefined
}

/**
 * A permit that is settled once. No function of it is async: most permits wait for nothing, and a
 * promise is what they cost.
 */
export class SinglePermit implements Permit {
  readonly generation: number
  readonly probe: boolean
  readonly #settling: Settling
  #call: PermittedCall | undefined

  constructor(settling: Settling, call: PermittedCall) {
    this.generation = call.grant.generation
    this.probe = call.grant.token !== null
    this.#settling = settling
    this.#call = call
  }

  success(): Promise<void> {
    return this.#once(SUCCESS)
  }

  failure(error?: unknown): Promise<void> {
    return this.#once({ ok: false, error })
  }

  release(): Promise<void> {
    return this.#once(undefined)
  }

  #once(result: CallResult | undefined): Promise<void> {
    const call = this.#call
    this.#call = undefined
    const work = call && this.#settling.settle(call, result)
    return work === undefined ? Promise.resolve() : work.then(() => undefined)
  }
}

const SUCCESS: CallResult = { ok: true, value: undefined }

/** The permit of a call that is part of another one of its breaker: that one is settled. */
export function nestedPermit(generation: number): Permit {
  const nothing = async () => {}
  return { generation, probe: false, success: nothing, failure: nothing, release: nothing }
}
