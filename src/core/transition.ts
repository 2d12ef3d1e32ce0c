import { admit } from './admit.ts'
import { command } from './command.ts'
import type { Event, Step, Transition } from './event.ts'
import { report } from './report.ts'
import { show } from './show.ts'
import type { StoredState } from './state.ts'

/**
 * What one event does to one breaker: the specification. Pure; `now` is the storage's clock in whole milliseconds. The memory storage
 * runs it, an isolate runs it on its own view, and the SQL is held against it.
 */
export function transition(state: StoredState, event: Event, now: number): Step<StoredState> {
  switch (event.type) {
    case 'report':
      return report(state, event, now)
    case 'show':
      return show(state, event, now)
    case 'acquire':
      return admit(state, event, now)
    case 'command':
      return command(state, event, now)
  }
}

/** The line of the audit log that a step leaves, or null: every new generation, and every command, leaves one. */
export function audit(
  before: StoredState,
  after: StoredState,
  event: Event | null,
  now: number,
): Omit<Transition, 'resourceKey' | 'namespace'> | null {
  const operator = event?.type === 'command' ? event : null
  if (after.generation === before.generation && operator === null) return null
  return {
    generation: after.generation,
    from: before.status,
    to: after.status,
    cause: after.generation === before.generation ? 'overridden' : after.cause!,
    actor: operator?.actor ?? null,
    reason: operator?.reason ?? null,
    at: now,
  }
}
