import type { Background } from './background.ts'
import type { CallOptions } from './call.ts'
import type { HookRunner } from './hooks.ts'
import { hookFailed, type OnNotice } from './notice.ts'
import { type Runtime, unlessAborted, within } from './runtime.ts'

/** How a call waits for work that it leaves behind. */
interface Waiting {
  readonly patienceMs: number
  /** The mark before the work began: hooks that it calls are waited for, too. */
  readonly mark: number
  /** Is it waited for even where it can go on by itself? */
  readonly needed: boolean
}

/**
 * Keeps work going that a call leaves behind: by the call's `waitUntil`, or else by a `background`
 * function. One that fails harms no call, and is told of once: most are unbound methods, and fail
 * each time. Work here never rejects.
 */
export class Keeper {
  readonly #background: Background
  readonly #hooks: HookRunner
  readonly #onNotice: OnNotice
  readonly #runtime: Runtime
  #told = false

  constructor(background: Background, hooks: HookRunner, onNotice: OnNotice, runtime: Runtime) {
    this.#background = background
    this.#hooks = hooks
    this.#onNotice = onNotice
    this.#runtime = runtime
  }

  /** Can work go on behind this call's back? */
  floats(call: CallOptions): boolean {
    return this.#background !== 'await' || this.#isBroughtBy(call)
  }

  /**
   * Sees to it that work is done, and the hooks that it calls. Where nobody keeps it alive, they
   * stay with the breaker.
   */
  keep(work: Promise<unknown>, call: CallOptions): void {
    const mark = this.#hooks.mark
    if (typeof this.#background === 'function' || this.#isBroughtBy(call))
      this.#hand(
        work.then(() => this.#hooks.since(mark)),
        call,
      )
  }

  /** Stands between the hooks that were called before it and those that are called after it. */
  get mark(): number {
    return this.#hooks.mark
  }

  /**
   * What a call waits for of such work: no longer than its patience lasts, or than its caller is
   * there.
   */
  wait(
    work: Promise<unknown>,
    call: CallOptions,
    { patienceMs, mark, needed }: Waiting,
  ): Promise<unknown> | undefined {
    const awaits = !this.floats(call)
    if (!(awaits || needed) || patienceMs <= 0 || call.signal?.aborted) return undefined
    const all = awaits ? work.then(() => this.#hooks.since(mark, patienceMs)) : work
    const waiting = within(all, patienceMs, this.#runtime)
    return call.signal === undefined
      ? waiting
      : unlessAborted(waiting, call.signal).catch(() => undefined)
  }

  /** Keeps the hooks alive that were called since `mark`. @returns what the call should wait for */
  keepHooks(mark: number, call: CallOptions, patienceMs: number): Promise<unknown> | undefined {
    if (mark === this.#hooks.mark) return undefined
    if (!this.floats(call)) return this.#hooks.since(mark, patienceMs)
    if (typeof this.#background !== 'function' && !this.#isBroughtBy(call)) return undefined
    const running = this.#hooks.since(mark)
    if (running !== undefined) this.#hand(running, call)
    return undefined
  }

  /**
   * Keeps a call going whose caller may go away and take its request along; ended by what it
   * returns.
   */
  hold(call: CallOptions): (() => void) | undefined {
    let end: (() => void) | undefined
    const held = new Promise<void>((resolve) => {
      end = resolve
    })
    return this.#keepBy(call, held) ? end : undefined
  }

  #isBroughtBy(call: CallOptions): boolean {
    return this.#try('waitUntil', () => call.waitUntil !== undefined)
  }

  #hand(work: Promise<unknown>, call: CallOptions): void {
    if (this.#keepBy(call, work)) return
    const background = this.#background
    if (typeof background === 'function')
      this.#try('background', () => this.#heed('background', background(work)))
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
