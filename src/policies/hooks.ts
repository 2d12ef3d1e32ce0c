import type { ProtectedCallError } from '../core/rejection.ts'
import type { CircuitState } from '../core/state.ts'
import type { Dropped, StatusChange, ViewListener } from '../replica/listener.ts'
import type { CircuitProtectorPolicy } from './circuit-protector.ts'
import type { CallResult, Outcome } from './classify.ts'
import { attempt, hookFailed, type Notice, type OnNotice, tell } from './notice.ts'
import type { Hooks } from './options.ts'

/** Calls a user's hooks so that none can harm a call, and remembers the promises that they return until these are settled. */
export class HookRunner implements ViewListener {
  readonly #policy: CircuitProtectorPolicy
  readonly #hooks: Hooks
  readonly #onNotice: OnNotice
  readonly #running = new Set<Promise<unknown>>()

  constructor(policy: CircuitProtectorPolicy, hooks: Hooks, onNotice: OnNotice) {
    this.#policy = policy
    this.#hooks = hooks
    this.#onNotice = onNotice
  }

  /** Is no hook running? */
  get idle(): boolean {
    return this.#running.size === 0
  }

  /** Ends when no hook is running any more. */
  async settled(): Promise<void> {
    if (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** A user's function's answer, or undefined where it throws. */
  ask<T>(name: string, fn: () => T): T | undefined {
    return attempt(this.#onNotice, name, fn)
  }

  notice(notice: Notice): void {
    tell(this.#onNotice, notice)
  }

  statusChanged(from: CircuitState, to: CircuitState, change: StatusChange): void {
    this.#run('onStatusChange', from, to, change)
  }

  dropped(dropped: Dropped): void {
    this.#run('onDropped', dropped)
  }

  degraded(error: unknown): void {
    this.#run('onDegraded', error)
  }

  recovered(): void {
    this.#run('onRecovered')
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
    const hook = this.#hooks[name] as
      | ((policy: CircuitProtectorPolicy, ...told: Told<Name>) => unknown)
      | undefined
    if (hook === undefined) return
    const answer = this.ask(name, () => hook(this.#policy, ...told))
    if (typeof answer !== 'object' || answer === null || !('then' in answer)) return
    const running: Promise<unknown> = Promise.resolve(answer)
      .catch((error) => hookFailed(this.#onNotice, name, error))
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }
}

type HookName = Exclude<keyof Hooks, 'onNotice'>
/** What a hook is told beside the policy. */
type Told<Name extends HookName> =
  NonNullable<Hooks[Name]> extends (policy: CircuitProtectorPolicy, ...told: infer T) => unknown
    ? T
    : never
