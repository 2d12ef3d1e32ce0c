import type { CallResult } from './classify.ts'
import type { Grant } from './line.ts'

/** The right to make one call, settled by hand: for streams, sockets, and whatever does not end where it began. */
export interface Permit {
  /** The generation that admitted the call. */
  readonly generation: number
  /** True where the call is a probe: it holds its place until it is settled, or its lease ends. */
  readonly probe: boolean
  /** The call succeeded. Resolves when that is reported; a settled permit stays as it is. */
  success(): Promise<void>
  /** The call failed with this error, which is classified like one that a protected function throws. */
  failure(error?: unknown): Promise<void>
  /** The call says nothing about the dependency. */
  release(): Promise<void>
}

/** Is given how the call ended, or nothing where it says nothing. @returns what there is to wait for, if anything */
type Settle = (result?: CallResult) => Promise<unknown> | undefined

/** A permit that is settled once. */
export class SinglePermit implements Permit {
  readonly generation: number
  readonly probe: boolean
  #settle: Settle | undefined

  constructor({ generation, token }: Grant, settle: Settle) {
    this.generation = generation
    this.probe = token !== null
    this.#settle = settle
  }

  success(): Promise<void> {
    return this.#once(SUCCESS)
  }

  failure(error?: unknown): Promise<void> {
    return this.#once({ ok: false, error })
  }

  release(): Promise<void> {
    return this.#once()
  }

  /** No async function: most permits wait for nothing, and its promise costs as much as the rest. */
  #once(result?: CallResult): Promise<void> {
    const settle = this.#settle
    this.#settle = undefined
    const work = settle?.(result)
    return work === undefined ? Promise.resolve() : work.then(() => undefined)
  }
}

const SUCCESS: CallResult = { ok: true, value: undefined }
