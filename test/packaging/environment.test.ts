import { describe, expect, it } from 'vitest'
import { diagnose, RESOLUTIONS, STRICT } from './program.ts'

const START = `
import { type Context, Hono } from 'hono'
import { circuitDashboard } from 'resilient-circuit/dashboard'
import { protectFetch } from 'resilient-circuit/fetch'
import { type CircuitBreakerVariables, circuitBreaker } from 'resilient-circuit/hono'
import { neonStorage } from 'resilient-circuit/neon-fetch'

type Environment = { Bindings: { DATABASE_URL: string; PASSWORD?: string }; Variables: { tenant: string } }
const app = new Hono<Environment>()
const storage = neonStorage('')
`

/** What the compiler says about lines of an app, without the names of files. */
const said = (code: string): string[] =>
  diagnose(
    { 'app.mts': `${START}${code}` },
    { ...STRICT, ...RESOLUTIONS['nodenext'], types: ['node'], skipLibCheck: true },
  ).map((line) => line.replace(/^[^:]*: error TS\d+: /, ''))

describe('the environment of an app', () => {
  it.each([
    `app.use('/pay/*', circuitBreaker<Environment>({
      resourceKey: (c) => c.var.tenant + c.get('tenant') + c.req.path,
      storage: (c) => neonStorage(c.env.DATABASE_URL),
      isFailure: (c) => c.var.tenant === 'a',
      skip: (c) => c.env.PASSWORD === undefined,
      fallback: (c) => c.text(c.env.DATABASE_URL, 503),
    }))`,
    `const source = { key: (c: Context<Environment>) => c.var.tenant, create: (c: Context<Environment>) => neonStorage(c.env.DATABASE_URL) }
    app.use(circuitBreaker({ resourceKey: 'pay', storage: source }))
    app.route('/circuits', circuitDashboard({ storage: source }))`,
    `app.route('/circuits', circuitDashboard<Environment>({
      storage: (c) => neonStorage(c.env.DATABASE_URL),
      auth: { username: 'ops', password: (c) => c.env.PASSWORD },
      actor: (c) => c.var.tenant,
      onError: (error, c) => console.error(c.env.DATABASE_URL, error),
    }))`,
    `app.use(circuitBreaker({ resourceKey: 'pay' })).get('/', circuitBreaker({ resourceKey: (c) => c.req.path, storage }), (c) => c.text(c.env.DATABASE_URL))`,
  ])('is known in the options: %s', (code) => {
    expect(said(code)).toEqual([])
  })

  const handlers = [
    ['circuitBreaker', 'storage: (c) => neonStorage(c.env.DATABSE_URL)'],
    ['circuitBreaker', 'storage: { key: (c) => c.env.DATABSE_URL, create: () => storage }'],
    ['circuitBreaker', 'isFailure: (c) => c.env.DATABSE_URL === ""'],
    ['circuitBreaker', 'skip: (c) => c.env.DATABSE_URL === ""'],
    ['circuitBreaker', 'fallback: (c) => c.text(c.env.DATABSE_URL)'],
    ['circuitBreaker', 'classify: () => undefined, skip: (c) => c.var.DATABSE_URL === ""'],
    ['circuitDashboard', 'storage: (c) => neonStorage(c.env.DATABSE_URL)'],
    ['circuitDashboard', 'auth: { token: (c) => c.env.DATABSE_URL }'],
    ['circuitDashboard', 'actor: (c) => c.env.DATABSE_URL'],
    ['circuitDashboard', 'onError: (_, c) => console.error(c.env.DATABSE_URL)'],
  ] as const
  const options = { circuitBreaker: "resourceKey: 'pay'", circuitDashboard: 'storage' }

  it.each(handlers)('a name that it does not have does not compile: %s({ %s })', (name, typo) => {
    const given =
      typo.startsWith('storage:') && name === 'circuitDashboard' ? '' : `${options[name]}, `
    for (const environment of ['<Environment>', ''])
      expect(said(`export const it = ${name}${environment}({ ${given}${typo} })`)).toEqual([
        expect.stringMatching(/^Property 'DATABSE_URL' does not exist on type/),
      ])
  })
})

describe('what the middleware sets', () => {
  it.each([
    ['c.var.circuitBreaker.status', /is possibly 'undefined'/],
    ["c.get('circuitBreaker').status", /is possibly 'undefined'/],
    ['c.var.circuitCall.signal', /is possibly 'undefined'/],
  ])('may be missing: %s', (expression, problem) => {
    for (const environment of ['Environment', '{ Variables: CircuitBreakerVariables }'])
      expect(said(`new Hono<${environment}>().get('/', (c) => c.json(${expression}))`)).toEqual([
        expect.stringMatching(problem),
      ])
  })

  it('goes where a breaker or a call is asked for', () => {
    const code = `app.get('/', async (c) => {
      await c.var.circuitBreaker?.isolate()
      return protectFetch()(fetch, undefined, c.var.circuitCall)('https://api.example.com/')
    })`
    expect(said(code)).toEqual([])
  })
})
