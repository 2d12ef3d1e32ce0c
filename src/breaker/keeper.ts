import type { Background } from './background.ts'
import type { CallOptions } from './call.ts'
import { hookFailed, type OnNotice } from './notice.ts'

/**
 * Hands work that a call leaves behind to whoever keeps it going: the call's `waitUntil`, or else a `background` function. One that
 * fails harms no call, and is told of once: most are unbound methods, and fail each time.
 */
export class Keeper {
  readonly #background: Background
  readonly #onNotice: OnNotice
  #told = false

  constructor(background: Background, onNotice: OnNotice) {
    this.#background = background
    this.#onNotice = onNotice
  }

  /** Does this call bring something that keeps work going? */
  isBroughtBy(call: CallOptions): boolean {
    return this.#try('waitUntil', () => call.waitUntil !== undefined)
  }

  /** @returns whether the work was taken */
  keep(work: Promise<unknown>, call: CallOptions): boolean {
    if (this.#keepBy(call, work)) return true
    const background = this.#background
    return (
      typeof background === 'function' &&
      this.#try('background', () => this.#heed('background', background(work)))
    )
  }

  /** Keeps a call going whose caller may go away and take its request along; ended by what it returns. */
  hold(call: CallOptions): (() => void) | undefined {
    let end: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      end = resolve
    })
    return this.#keepBy(call, held) ? end : undefined
  }

  #keepBy(call: CallOptions, work: Promise<unknown>): boolean {
    return this.#try(
      'waitUntil',
      () => call.waitUntil !== undefined && this.#heed('waitUntil', call.waitUntil(work)),
    )
  }

  /** An asynchronous function fails by its promise. */
  #heed(name: string, answer: unknown): true {
    if (typeof answer === 'object' && answer !== null)
      Promise.resolve(answer).catch((error) => this.#failed(name, error))
    return true
  }

  #try(name: string, keep: () => boolean): boolean {
    try {
      return keep()
    } catch (error) {
      this.#failed(name, error)
      return false
    }
  }

  #failed(name: string, error: unknown): void {
    if (this.#told) return
    this.#told = true
    hookFailed(this.#onNotice, name, error)
  }
}
