import type { Reporter } from '../core/event.ts'
import type { BreakerId } from '../fleet/admin.ts'
import type { AcquireRequest, ControlRequest, ExchangeRequest } from '../fleet/port.ts'

/** Requests in the form in which the exchange's body reads them. */

/** Where all that is asked for are looks, the function answers without its rule. */
export function encodeLook({ resourceKey, namespace }: BreakerId): object {
  return { resource_key: resourceKey, namespace, type: 'look' }
}

export function encodeReport({ resourceKey, namespace, report, show }: ExchangeRequest): object {
  const id = { resource_key: resourceKey, namespace }
  if (report === undefined) {
    if (show === undefined) return { ...id, type: 'read' }
    const { reporter, alone, tell, settings } = show
    return { ...id, type: 'show', ...encodeReporter(reporter), alone, tell, settings }
  }
  return {
    ...id,
    type: 'report',
    generation: report.generation,
    flush_id: report.flushId,
    since: report.since,
    outcomes: report.outcomes,
    tokens: report.tokens,
    released: report.released,
    retry_after_ms: report.retryAfterMs,
    trip: report.trip,
    would_reject: report.wouldReject,
    settings: report.settings,
    ...encodeReporter(report.reporter),
    tell: report.tell,
    told: report.told,
  }
}

function encodeReporter(reporter: Reporter | undefined): object {
  return reporter === undefined ? {} : { reporter: reporter.id, alive_ms: reporter.aliveMs }
}

export function encodeAcquire({
  resourceKey,
  namespace,
  settings,
  leaseMs,
}: AcquireRequest): object {
  return { resource_key: resourceKey, namespace, type: 'acquire', lease_ms: leaseMs, settings }
}

export function encodeCommand({
  resourceKey,
  namespace,
  command: { order, actor, reason },
}: ControlRequest): object {
  const common = {
    resource_key: resourceKey,
    namespace,
    type: 'command',
    command: order.command,
    actor,
    reason,
  }
  switch (order.command) {
    case 'open':
      return { ...common, cooldown_ms: order.cooldownMs }
    case 'override':
      return { ...common, override: order.override, for_ms: order.forMs }
    default:
      return common
  }
}
