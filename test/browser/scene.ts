import type { Report } from '../../src/core/event.ts'
import { failureRate, fraction } from '../../src/core/limits.ts'
import { resolveSettings, type Settings, type SettingsOptions } from '../../src/core/settings.ts'
import type { BreakerId } from '../../src/fleet/admin.ts'
import type { CircuitStorage } from '../../src/fleet/port.ts'
import { plainReport } from '../support/plain-report.ts'

/** Reports to one breaker as an isolate would. */
export class Reporter {
  readonly id: BreakerId
  readonly settings: Settings
  readonly #storage: CircuitStorage

  constructor(
    storage: CircuitStorage,
    resourceKey: string,
    namespace: string,
    settings: SettingsOptions,
  ) {
    this.#storage = storage
    this.id = { resourceKey, namespace }
    this.settings = resolveSettings(settings)
  }

  /** `1` is a failure, oldest first. */
  async report(outcomes: string, more: Partial<Omit<Report, 'type'>> = {}): Promise<void> {
    const [answer] = await this.#storage.exchange([this.id])
    const { generation, since } = answer!.snapshot
    const report = { ...plainReport(outcomes, ++flush, since, this.settings), generation, ...more }
    await this.#storage.exchange([{ ...this.id, report }])
  }

  /** Takes a permit, which is a probe where the breaker is half-open. */
  async probe(): Promise<number | null> {
    return (await this.#storage.acquire({ ...this.id, settings: this.settings, leaseMs: 30_000 }))
      .token
  }
}

let flush = 0

const HOUR = 3_600_000
const MINUTE = 60_000

/** A fleet on a bad afternoon: something of everything that the dashboard can show. */
export async function paint(storage: CircuitStorage, past: (ms: number) => void): Promise<void> {
  const at = (resourceKey: string, namespace: string, settings: SettingsOptions) =>
    new Reporter(storage, resourceKey, namespace, settings)
  const order = (
    id: BreakerId,
    override: 'FORCED_OPEN' | 'METRICS_ONLY' | 'DISABLED',
    forMs: number | null,
    actor: string,
    reason: string,
  ) =>
    storage.control({
      ...id,
      command: { order: { command: 'override', override, forMs }, actor, reason },
    })

  /** Each takes most of a minute: a dependency in trouble is slow. */
  const probes = async (reporter: Reporter, outcomes: string, agoMs: number) => {
    for (const [i, outcome] of [...outcomes].entries()) {
      past(agoMs - i * 40_000)
      const token = await reporter.probe()
      past(agoMs - (i + 1) * 40_000)
      if (token !== null) await reporter.report(outcome, { tokens: [token] })
    }
  }
  const payments = at('payment_service', 'production', {
    failureLimit: fraction(5, 10),
    successLimit: fraction(3, 5),
    cooldown: '45s',
  })
  const outage = async (agoMs: number, tries: number) => {
    past(agoMs)
    await payments.report('0000000000')
    await payments.report('00101')
    await payments.report('111101')
    for (let i = 1; i <= tries; i++) {
      await probes(payments, '111', agoMs - i * 4 * MINUTE)
    }
    await probes(payments, '000', agoMs - (tries + 1) * 4 * MINUTE)
  }
  await outage(21 * HOUR, 6)
  await outage(16.5 * HOUR, 2)
  await outage(9 * HOUR, 14)
  await outage(2.2 * HOUR, 3)
  past(1.1 * HOUR)
  await storage.control({
    ...payments.id,
    command: {
      order: { command: 'close' },
      actor: 'mara',
      reason: 'provider says the rollback is done',
    },
  })
  await payments.report('00000000001000')
  past(11_000)
  await payments.report('01011011')

  const search = at('search/eu-west', 'production', {
    failureLimit: failureRate(0.5, { over: '30s', minimumThroughput: 20 }),
    cooldown: '30s',
    successLimit: fraction(4, 6),
    probeConcurrency: 3,
  })
  past(150_000)
  await search.report('0101110110100111010111', { trip: true })
  await probes(search, '00', 85_000)
  past(4_000)
  await search.probe()
  await search.probe()

  const ship = at('https://api.shipping.example/v2/labels', 'production', {
    failureLimit: fraction(3, 20),
  })
  past(3 * HOUR)
  await ship.report('00000000100000000000')
  past(12 * MINUTE)
  await order(ship.id, 'FORCED_OPEN', HOUR, 'jonas', 'carrier maintenance window, see status page')

  const bills = at('billing/invoices', 'production', {
    failureLimit: fraction(3, 12),
    cooldown: '45s',
  })
  past(20 * MINUTE)
  await bills.report('000000000111')

  const llm = at('llm/completions', 'production', { failureLimit: fraction(5, 20), cooldown: '1m' })
  past(26 * MINUTE)
  await order(llm.id, 'METRICS_ONLY', 24 * HOUR, 'mara', 'first rollout: watch for a day')
  past(90_000)
  await llm.report('00010000100100000000')

  const mail = at('mail', 'production', { failureLimit: fraction(8, 24) })
  past(40_000)
  await mail.report('000100000000100000010000')
  const geo = at('geocoding', 'production', {
    failureLimit: failureRate(0.25, { over: '1m', minimumThroughput: 50 }),
  })
  past(9_000)
  await geo.report('0'.repeat(84) + '1' + '0'.repeat(60))
  const fraud = at('fraud_scoring', 'production', { failureLimit: fraction(4, 8) })
  past(2 * HOUR)
  await fraud.report('00000')
  const beta = at('payment_service', 'staging', { failureLimit: fraction(5, 10) })
  past(25 * MINUTE)
  await beta.report('0000100000')
  const flags = at('feature_flags', 'staging', { failureLimit: fraction(2, 5) })
  past(5 * HOUR)
  await order(flags.id, 'DISABLED', null, 'ci', 'load test')
  for (const [i, key] of [
    'inventory',
    'tax',
    'currency_rates',
    'webhooks/outgoing',
    'images',
  ].entries()) {
    past((i + 2) * 13 * MINUTE)
    await at(key, i % 2 ? 'staging' : 'production', { failureLimit: fraction(5, 16) }).report(
      '0'.repeat(6 + 3 * i),
    )
  }
  past(0)
}
