import type { CallResult } from './classify.ts'

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

/** How a permit is settled. Either answers what there is to wait for, if anything. */
interface Settling {
  settle(result: CallResult): Promise<unknown> | undefined
  release(): Promise<unknown> | undefined
}

/** Of a permit that is part of another call of its breaker: that one is settled. */
export const NOTHING_TO_SETTLE: Settling = { settle: () => undefined, release: () => undefined }

/** A permit that is settled once. */
export class SinglePermit implements Permit {
  readonly generation: number
  readonly probe: boolean
  #settling: Settling | undefined

  constructor(generation: number, probe: boolean, settling: Settling) {
    this.generation = generation
    this.probe = probe
    this.#settling = settling
  }

  async success(): Promise<void> {
    await this.#once()?.settle({ ok: true, value: undefined })
  }

  async failure(error?: unknown): Promise<void> {
    await this.#once()?.settle({ ok: false, error })
  }

  async release(): Promise<void> {
    await this.#once()?.release()
  }

  #once(): Settling | undefined {
    const settling = this.#settling
    this.#settling = undefined
    return settling
  }
}
