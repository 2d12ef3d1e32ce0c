import type { ProtectedCallError } from '../core/rejection.ts'
import type { CircuitState } from '../core/state.ts'
import type { CircuitProtectorPolicy } from './circuit-protector.ts'
import type { CallResult, Outcome } from './classify.ts'
import type { BreakerListener, Dropped, StatusChange } from './listener.ts'
import { attempt, type Notice, type OnNotice, started, tell } from './notice.ts'
import type { Hooks } from './options.ts'
import { type Runtime, within } from './runtime.ts'

/** For how long a promise that a hook returned is kept alive, in milliseconds. */
const LONGEST_HOOK_MS = 5_000

/**
 * Calls a user's hooks so that none can harm a call, and remembers the promises that they return
 * until these are settled, or handed to somebody who keeps them alive. Nothing in a breaker waits
 * for them: a hook may steer the breaker that called it.
 */
export class HookRunner implements BreakerListener {
  readonly #policy: CircuitProtectorPolicy
  readonly #hooks: Hooks
  readonly #onNotice: OnNotice
  readonly #runtime: Runtime
  /** What runs, by the number of the hook's call. */
  readonly #running = new Map<number, Promise<unknown>>()
  /** How many calls of hooks there were that may run on. */
  #calls = 0
  /** A call waited for hooks in vain, and none has ended since. */
  #hangs = false

  constructor(policy: CircuitProtectorPolicy, hooks: Hooks, onNotice: OnNotice, runtime: Runtime) {
    this.#policy = policy
    this.#hooks = hooks
    this.#onNotice = onNotice
    this.#runtime = runtime
  }

  /** Does anybody want to know how each call ended? */
  get tellsOutcomes(): boolean {
    return this.#hooks.onOutcome !== undefined
  }

  /** Stands between the hooks that were called before it and those that are called after it. */
  get mark(): number {
    return this.#calls
  }

  /**
   * The hooks that were called since `mark`, still run, and that nobody keeps alive yet: whoever
   * asks does so from now on. The promise ends with the last of them, or after `ms`. Undefined:
   * there is none, or a wait so short would be in vain again.
   */
  since(mark: number, ms = LONGEST_HOOK_MS): Promise<unknown> | undefined {
    if (this.#running.size === 0) return undefined
    const taken: Promise<unknown>[] = []
    for (const [call, running] of this.#running) {
      if (call <= mark) continue
      taken.push(running)
      this.#running.delete(call)
    }
    if (taken.length === 0) return undefined
    const done = Promise.all(taken).then(() => {
      this.#hangs = false
      return true
    })
    if (this.#hangs && ms < LONGEST_HOOK_MS) return undefined
    return within(done, ms, this.#runtime).then((isDone) => {
      if (!isDone) this.#hangs = true
    })
  }

  /** Ends when the hooks that nobody keeps alive are done, or after five seconds. */
  async settled(): Promise<void> {
    await this.since(0)
  }

  /** A user's function's answer, or undefined where it throws. */
  ask<T>(name: string, fn: () => T): T | undefined {
    return attempt(this.#onNotice, name, fn)
  }

  notice(notice: Notice): void {
    tell(this.#onNotice, notice)
  }

  statusChanged(from: CircuitState, to: CircuitState, change: StatusChange): void {
    this.#runSoon('onStatusChange', from, to, change)
  }

  dropped(dropped: Dropped): void {
    this.#runSoon('onDropped', dropped)
  }

  degraded(error: unknown): void {
    this.#runSoon('onDegraded', error)
  }

  recovered(): void {
    this.#runSoon('onRecovered')
  }

  rejected(error: ProtectedCallError): void {
    this.#run('onReject', error)
  }

  wouldReject(): void {
    this.#run('onWouldReject')
  }

  outcome(outcome: Outcome, durationMs: number, slow: boolean, result: CallResult): void {
    if (this.#hooks.onOutcome === undefined) return
    const event = { outcome, durationMs, slow }
    this.#run('onOutcome', result.ok ? event : { ...event, error: result.error })
  }

  #run<Name extends HookName>(name: Name, ...told: Told<Name>): void {
    if (this.#hooks[name] === undefined) return
    const answer = this.#start(name, told)
    if (answer instanceof Promise) this.#remember(answer)
  }

  /**
   * For hooks that are told in the midst of a change: what they do to the breaker must not meet it
   * half done.
   */
  #runSoon<Name extends HookName>(name: Name, ...told: Told<Name>): void {
    if (this.#hooks[name] !== undefined)
      this.#remember(Promise.resolve().then(() => this.#start(name, told)))
  }

  #start<Name extends HookName>(name: Name, told: Told<Name>): unknown {
    const hook = this.#hooks[name] as
      | ((policy: CircuitProtectorPolicy, ...told: Told<Name>) => unknown)
      | undefined
    return started(this.#onNotice, name, () => hook?.(this.#policy, ...told))
  }

  #remember(running: Promise<unknown>): void {
    const call = ++this.#calls
    const forget = () => this.#running.delete(call)
    this.#running.set(call, running.then(forget))
  }
}

type HookName = Exclude<keyof Hooks, 'onNotice'>
/** What a hook is told beside the policy. */
type Told<Name extends HookName> =
  NonNullable<Hooks[Name]> extends (policy: CircuitProtectorPolicy, ...told: infer T) => unknown
    ? T
    : never
