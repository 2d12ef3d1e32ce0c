import type { BuildOptions } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.ts'
import { snippets } from './snippets.ts'

const ALONE = `export { CircuitProtectorPolicy, fraction } from 'resilient-circuit'`
/** The README's first one: a route behind a breaker on Neon. */
const WORKER = snippets()[0]!.code

interface Budget {
  readonly what: string
  readonly code: string
  /** What is there anyway, and not counted. */
  readonly beside?: string
  readonly options?: BuildOptions
  /** Minified and gzipped, in bytes. */
  readonly budget: number
}

/** Without the packages that are peers, unless `options` say otherwise. */
const BUDGETS: readonly Budget[] = [
  { what: 'the whole core entry', code: `export * from 'resilient-circuit'`, budget: 18_020 },
  { what: 'a breaker alone', code: ALONE, budget: 14_150 },
  {
    what: '+ RetryWithBackoffPolicy',
    code: `export { RetryWithBackoffPolicy } from 'resilient-circuit'`,
    beside: ALONE,
    budget: 2_490,
  },
  {
    what: '+ DecorrelatedJitter',
    code: `export { DecorrelatedJitter } from 'resilient-circuit'`,
    beside: ALONE,
    budget: 200,
  },
  {
    what: '+ TimeoutPolicy',
    code: `export { TimeoutPolicy } from 'resilient-circuit'`,
    beside: ALONE,
    budget: 170,
  },
  {
    what: '+ FallbackPolicy',
    code: `export { FallbackPolicy } from 'resilient-circuit'`,
    beside: ALONE,
    budget: 220,
  },
  {
    what: '+ SafetyNet',
    code: `export { SafetyNet } from 'resilient-circuit'`,
    beside: ALONE,
    budget: 340,
  },
  {
    what: '+ circuitBreaker',
    code: `export { circuitBreaker } from 'resilient-circuit/hono'`,
    beside: ALONE,
    budget: 2_930,
  },
  {
    what: '+ protectFetch',
    code: `export { protectFetch } from 'resilient-circuit/fetch'`,
    beside: ALONE,
    budget: 2_170,
  },
  {
    what: 'a breaker with DrizzleStorage',
    code: `${ALONE}\nexport { DrizzleStorage } from 'resilient-circuit/postgres'`,
    budget: 37_450,
  },
  {
    what: 'a whole Worker, with Hono and Neon',
    code: WORKER,
    options: { external: [] },
    budget: 116_400,
  },
  {
    what: "the same without Neon's driver",
    code: WORKER,
    options: { external: [], alias: { 'resilient-circuit/neon': 'resilient-circuit/neon-fetch' } },
    budget: 49_200,
  },
]

describe('minified and gzipped', () => {
  const lines: string[] = []
  afterAll(() => console.log(['Minified and gzipped, in bytes:', ...lines].join('\n')))

  it('a breaker alone carries no other policy', async () => {
    const { text } = await bundle(ALONE)
    expect(text).toContain('CALL_TIMEOUT')
    for (const word of ['RETRY_LIMIT_REACHED', 'minPerSecond', 'minDelay', 'policies'])
      expect(text).not.toContain(word)
  })

  it.each(BUDGETS)(
    '$what: at most $budget bytes',
    async ({ what, code, beside, options, budget }) => {
      const before = beside === undefined ? 0 : (await bundle(beside, options)).gzipped
      const size =
        (await bundle(beside === undefined ? code : `${beside}\n${code}`, options)).gzipped - before
      lines.push(`  ${what.padEnd(34)} ${String(size).padStart(7)} of ${budget}`)
      expect(size).toBeLessThanOrEqual(budget)
    },
  )
})
