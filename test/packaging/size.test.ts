import { afterAll, describe, expect, it } from 'vitest'
import { bundle } from './bundle.ts'

const ALONE = `export { CircuitProtectorPolicy, fraction, InMemoryStorage } from 'resilient-circuit'`

/** Minified and gzipped, in bytes, without the packages that are peers. `beside`: what is there anyway, and not counted. */
const BUDGETS: readonly { readonly what: string; readonly code: string; readonly beside?: string; readonly budget: number }[] = [
  { what: 'the whole core entry', code: `export * from 'resilient-circuit'`, budget: 6_000 },
  { what: 'a breaker with storage in memory', code: ALONE, budget: 4_500 },
  {
    what: 'circuitBreaker, beside a breaker',
    code: `export { circuitBreaker } from 'resilient-circuit/hono'`,
    beside: ALONE,
    budget: 2_000,
  },
  {
    what: 'protectFetch, beside a breaker',
    code: `export { protectFetch } from 'resilient-circuit/fetch'`,
    beside: ALONE,
    budget: 1_500,
  },
  {
    what: 'DrizzleStorage, beside a breaker',
    code: `export { DrizzleStorage } from 'resilient-circuit/postgres'`,
    beside: ALONE,
    budget: 6_000,
  },
]

describe('minified and gzipped', () => {
  const lines: string[] = []
  afterAll(() => console.log(['Minified and gzipped, in bytes:', ...lines].join('\n')))

  it.each(BUDGETS)('$what is at most $budget bytes', async ({ what, code, beside, budget }) => {
    const before = beside === undefined ? 0 : (await bundle(beside)).gzipped
    const size = (await bundle(beside === undefined ? code : `${beside}\n${code}`)).gzipped - before
    lines.push(`  ${what.padEnd(34)} ${String(size).padStart(6)} of ${budget}`)
    expect(size).toBeLessThanOrEqual(budget)
  })
})
