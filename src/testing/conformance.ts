import { admissionCases } from './conformance/admission.ts'
import { commandCases } from './conformance/commands.ts'
import { concurrencyCases } from './conformance/concurrency.ts'
import { deliveryCases } from './conformance/delivery.ts'
import { dueCases } from './conformance/due.ts'
import { historyCases } from './conformance/history.ts'
import { keyCases } from './conformance/keys.ts'
import { type Cases, Lab, type StorageUnderTest } from './conformance/lab.ts'
import { probeCases } from './conformance/probes.ts'
import { queryCases } from './conformance/queries.ts'
import { rateCases } from './conformance/rate-and-wish.ts'
import { removalCases } from './conformance/removal.ts'
import { reporterCases } from './conformance/reporters.ts'
import { reportCases } from './conformance/reports.ts'

/**
 * What the suite needs of a test runner: those of `vitest`, `node:test` and `bun:test` fit as they
 * are.
 */
export interface TestRunner {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
}

const GROUPS: Readonly<Record<string, Cases>> = {
  reports: reportCases,
  'time windows and wishes': rateCases,
  keys: keyCases,
  reporters: reporterCases,
  'delivery, never twice': deliveryCases,
  admission: admissionCases,
  probes: probeCases,
  commands: commandCases,
  queries: queryCases,
  'history and pruning': historyCases,
  'open and due': dueCases,
  removal: removalCases,
  concurrency: concurrencyCases,
}

/**
 * The suite that every {@link CircuitStorage} passes. Each case asks `makeStorage` for the storage,
 * works in a random namespace of it, and closes it; what a case leaves in a database, it leaves in
 * that namespace.
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest'
 * import { testCircuitStorage } from 'resilient-circuit/testing'
 *
 * describe('my storage', () => {
 *   testCircuitStorage({ describe, it }, async () => ({ storage: new MyStorage(), close: async () => {} }))
 * })
 * ```
 */
export function testCircuitStorage(
  { describe, it }: TestRunner,
  makeStorage: () => Promise<StorageUnderTest>,
): void {
  for (const [group, cases] of Object.entries(GROUPS)) {
    describe(group, () => {
      for (const [title, run] of Object.entries(cases)) {
        it(title, async () => {
          const under = await makeStorage()
          try {
            await run(new Lab(under))
          } finally {
            await under.close()
          }
        })
      }
    })
  }
}
