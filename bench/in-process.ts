/**
 * What a call through a breaker costs in process: contenders take turns, round by round, so that a machine whose speed drifts treats
 * them alike. Prints medians, and the ratio to cockatiel's count breaker.
 */
import { type CircuitBreakerPolicy, CountBreaker, circuitBreaker, handleAll } from 'cockatiel'
import { measure } from 'mitata'
import OpossumBreaker from 'opossum'
import { CircuitProtectorPolicy, fraction, InMemoryStorage } from '../src/index.ts'

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 7)

/** A storage that is shared as far as the breaker can tell, and answers at once: only the hot path is measured. */
class SharedStorage extends InMemoryStorage {
  override readonly shared = true as never
}

const call = async () => 1
const options = { resourceKey: 'bench', failureLimit: fraction(5, 10) }
const shared = new CircuitProtectorPolicy({ ...options, storage: new SharedStorage() })
const strong = new CircuitProtectorPolicy(options)
const open = new CircuitProtectorPolicy({ ...options, resourceKey: 'open', storage: new SharedStorage() })
const counted = (): CircuitBreakerPolicy =>
  circuitBreaker(handleAll, { halfOpenAfter: 3_600_000, breaker: new CountBreaker({ size: 10, threshold: 0.5 }) })
const cockatiel = counted()
const cockatielOpen = counted()
const opossum = new OpossumBreaker(call, { timeout: false })
const swallow = () => undefined

/** Each group is compared with its second contender. */
const groups: Record<string, Record<string, () => Promise<unknown>>> = {
  'closed and fresh': {
    'the bare promise': () => call(),
    'cockatiel, count': () => cockatiel.execute(call),
    'ours, shared storage': () => shared.execute(call),
    'ours, memory, strong': () => strong.execute(call),
    'opossum, no timeout': () => opossum.fire(),
  },
  open: {
    'the bare promise': () => Promise.reject(new Error('no')).catch(swallow),
    'cockatiel, count': () => cockatielOpen.execute(call).catch(swallow),
    'ours, shared storage': () => open.execute(call).catch(swallow),
  },
}

await shared.refresh()
await open.isolate({ for: '1h' })
cockatielOpen.isolate()

for (const [group, contenders] of Object.entries(groups)) {
  const times = new Map<string, number[]>(Object.keys(contenders).map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(contenders)) {
      const { p50 } = await measure(async () => await run(), { min_cpu_time: 150_000_000 })
      times.get(name)!.push(p50)
    }
  }
  const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!
  const baseline = times.get(Object.keys(contenders)[1]!)!
  console.log(`\n${group}, node ${process.version}, ${ROUNDS} rounds`)
  for (const [name, values] of times) {
    const ratios = values.map((ns, round) => ns / baseline[round]!)
    const [low, high] = [Math.min(...ratios), Math.max(...ratios)]
    console.log(
      `  ${name.padEnd(22)} ${median(values).toFixed(0).padStart(7)} ns   x ${median(ratios).toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
    )
  }
}
process.exit(0)
