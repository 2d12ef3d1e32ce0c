import { attempt, warn } from '../breaker/notice.ts'
import type { CircuitStorage } from '../fleet/port.ts'
import { OPERATIONS, wrapStorage } from '../fleet/wrap.ts'

type Attributes = Record<string, string | boolean>

/** What is needed of a meter: that of `@opentelemetry/api` has it. */
export interface MeterLike {
  createCounter(
    name: string,
    options: InstrumentOptions,
  ): { add(value: number, attributes?: Attributes): void }
  createHistogram(
    name: string,
    options: InstrumentOptions & { advice: { explicitBucketBoundaries: number[] } },
  ): { record(value: number, attributes?: Attributes): void }
}

interface InstrumentOptions {
  description: string
  unit: string
}

/** Of a breaker, what these hooks look at. */
interface BreakerLike {
  readonly resourceKey: string
  readonly namespace: string
}

/** Options of a breaker that make its metrics. */
export interface OpenTelemetryHooks {
  onOutcome(
    policy: BreakerLike,
    event: {
      readonly outcome: string
      readonly durationMs: number
      readonly slow: boolean
      readonly error?: unknown
    },
  ): void
  onReject(policy: BreakerLike, rejection: { readonly reason: string }): void
  onWouldReject(policy: BreakerLike): void
  onStatusChange(
    policy: BreakerLike,
    oldStatus: string,
    newStatus: string,
    event: {
      readonly origin: 'self' | 'fleet'
      readonly local?: boolean | undefined
      readonly cause: string | null
    },
  ): void
  onDegraded(policy: BreakerLike): void
  onRecovered(policy: BreakerLike): void
  onDropped(policy: BreakerLike, dropped: { readonly outcomes: number; readonly why: string }): void
}

/** Seconds: the buckets that OpenTelemetry advises for the durations of calls over a network. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

/**
 * Hooks that count calls, rejections, outcomes and transitions. Spread them into a breaker's
 * options; a hook of your own under the same name takes its place. Transitions are counted where
 * they are made, so that their sum over the fleet counts each once; those that an instance made by
 * itself, while the storage did not answer, carry an attribute that says so.
 *
 * @example
 * ```ts
 * const payments = new CircuitProtectorPolicy({ resourceKey: 'payments', ...openTelemetryHooks(metrics.getMeter('shop')) })
 * ```
 */
export function openTelemetryHooks(meter: MeterLike): OpenTelemetryHooks {
  const duration = meter.createHistogram('resilient_circuit.call.duration', {
    description: 'Duration of calls that a circuit breaker admitted, by their outcome.',
    unit: 's',
    advice: { explicitBucketBoundaries: SECONDS },
  })
  const count = (name: string, unit: string, description: string) =>
    meter.createCounter(name, { unit, description })
  const calls = count('resilient_circuit.calls', '{call}', 'Calls that ended, by their outcome.')
  const rejections = count(
    'resilient_circuit.rejections',
    '{call}',
    'Calls that were rejected, or would have been.',
  )
  const transitions = count(
    'resilient_circuit.transitions',
    '{transition}',
    'Transitions that this instance made.',
  )
  const dropped = count(
    'resilient_circuit.outcomes.dropped',
    '{outcome}',
    'Outcomes that never reached the storage.',
  )
  const degradations = count(
    'resilient_circuit.degradations',
    '{change}',
    'How often the storage stopped answering, and answered again.',
  )
  return {
    onOutcome(policy, { outcome, durationMs, slow, error }) {
      const attributes = {
        ...breaker(policy),
        'resilient_circuit.call.outcome': outcome,
        ...(outcome === 'failure' && errorType(error, slow)),
      }
      calls.add(1, attributes)
      duration.record(durationMs / 1_000, attributes)
    },
    onReject: (policy, { reason }) =>
      rejections.add(1, {
        ...breaker(policy),
        'resilient_circuit.rejection.reason': reason,
        'resilient_circuit.rejection.enforced': true,
      }),
    onWouldReject: (policy) =>
      rejections.add(1, {
        ...breaker(policy),
        'resilient_circuit.rejection.reason': 'METRICS_ONLY',
        'resilient_circuit.rejection.enforced': false,
      }),
    onStatusChange(policy, from, to, { origin, local, cause }) {
      if (origin !== 'self') return
      const why: Attributes = cause === null ? {} : { 'resilient_circuit.transition.cause': cause }
      transitions.add(1, {
        ...breaker(policy),
        'resilient_circuit.transition.from': from,
        'resilient_circuit.transition.to': to,
        ...why,
        ...(local && { 'resilient_circuit.transition.local': true }),
      })
    },
    onDegraded: (policy) =>
      degradations.add(1, { ...breaker(policy), 'resilient_circuit.storage.answers': false }),
    onRecovered: (policy) =>
      degradations.add(1, { ...breaker(policy), 'resilient_circuit.storage.answers': true }),
    onDropped: (policy, { outcomes, why }) =>
      dropped.add(outcomes, { ...breaker(policy), 'resilient_circuit.drop.reason': why }),
  }
}

/**
 * The same storage, with the duration of each of its operations in a histogram. Wrap it once and
 * give the result to every breaker: breakers of one storage share its round trips. Its namespace,
 * its `close` and all its other members stay what they are.
 */
export function measuredStorage<S extends CircuitStorage>(storage: S, meter: MeterLike): S {
  const duration = meter.createHistogram('resilient_circuit.storage.operation.duration', {
    description: "Duration of a storage's operations.",
    unit: 's',
    advice: { explicitBucketBoundaries: SECONDS },
  })
  const measured =
    (name: string, operation: (...args: unknown[]) => Promise<unknown>) =>
    async (...args: unknown[]): Promise<unknown> => {
      const started = performance.now()
      let failed: Attributes = {}
      try {
        return await operation.apply(storage, args)
      } catch (error) {
        failed = errorType(error, false)
        throw error
      } finally {
        // What a meter throws must not replace the answer.
        attempt(warn, 'the meter', () =>
          duration.record((performance.now() - started) / 1_000, {
            'resilient_circuit.storage.operation': name,
            ...failed,
          }),
        )
      }
    }
  const operations = OPERATIONS.flatMap((name) => {
    const operation = storage[name] as Parameters<typeof measured>[1] | undefined
    return operation === undefined ? [] : [[name, measured(name, operation)] as const]
  })
  return wrapStorage(storage, Object.fromEntries(operations))
}

function breaker({ resourceKey, namespace }: BreakerLike): Attributes {
  return { 'resilient_circuit.resource_key': resourceKey, 'resilient_circuit.namespace': namespace }
}

/** OpenTelemetry's `error.type`: a code or a class, never a message. */
function errorType(error: unknown, slow: boolean): Attributes {
  if (slow) return { 'error.type': 'slow' }
  if (!(error instanceof Error)) return { 'error.type': '_OTHER' }
  return {
    'error.type': 'code' in error && typeof error.code === 'string' ? error.code : error.name,
  }
}
