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
    const { onStatusChange } = this.#hooks
    if (onStatusChange) this.#run('onStatusChange', () => onStatusChange(this.#policy, from, to, change))
  }

  dropped(dropped: Dropped): void {
    const { onDropped } = this.#hooks
    if (onDropped) this.#run('onDropped', () => onDropped(this.#policy, dropped))
  }

  degraded(error: unknown): void {
    const { onDegraded } = this.#hooks
    if (onDegraded) this.#run('onDegraded', () => onDegraded(this.#policy, error))
  }

  recovered(): void {
    const { onRecovered } = this.#hooks
    if (onRecovered) this.#run('onRecovered', () => onRecovered(this.#policy))
  }

  rejected(error: ProtectedCallError): void {
    const { onReject } = this.#hooks
    if (onReject) this.#run('onReject', () => onReject(this.#policy, error))
  }

  wouldReject(): void {
    const { onWouldReject } = this.#hooks
    if (onWouldReject) this.#run('onWouldReject', () => onWouldReject(this.#policy))
  }

  outcome(outcome: Outcome, durationMs: number, slow: boolean, result: CallResult): void {
    const { onOutcome } = this.#hooks
    if (!onOutcome) return
    const event = result.ok ? { outcome, durationMs, slow } : { outcome, durationMs, slow, error: result.error }
    this.#run('onOutcome', () => onOutcome(this.#policy, event))
  }

  #run(name: string, hook: () => unknown): void {
    const answer = this.ask(name, hook)
    if (typeof answer !== 'object' || answer === null || !('then' in answer)) return
    const running: Promise<unknown> = Promise.resolve(answer)
      .catch((error) => hookFailed(this.#onNotice, name, error))
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }
}
